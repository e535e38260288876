import platform
import subprocess
import sys

import pytest

from crackdemo.training.memory import keep_freed_memory

pytestmark = pytest.mark.processes

PROGRAM = """
import sys
import numpy as np
from crackdemo.training.memory import (keep_freed_memory)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "keep":
    keep_freed_memory()
before = resident()
block = np.ones(200_000_000, np.uint8)
del block
print(resident() - before)
"""


def left_after_freeing(how: str) -> int:
    """Bytes that a process still holds after it freed 200 million."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return int(answer.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_freed_memory_stays_in_the_process():
    assert left_after_freeing("keep") > 150_000_000
    assert left_after_freeing("give back") < 50_000_000


def test_it_may_be_asked_anywhere():
    assert keep_freed_memory.__doc__
    subprocess.run(
        [sys.executable, "-c", "from crackdemo.training import memory; memory.keep_freed_memory()"],
        check=True,
    )
