import sys
from pathlib import Path

import pytest

from crackdemo.detection.freed import give_back_freed


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is resident so")
def test_what_was_freed_is_the_systems_again() -> None:
    blocks = [bytes(10_000) for _ in range(10_000)]
    last = bytearray(10_000)  # above them: the C library keeps what lies below
    held = resident()
    del blocks
    give_back_freed()
    assert resident() < held - 50_000_000
    assert last
