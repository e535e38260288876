import os
import subprocess
import sys
from pathlib import Path

import pytest

from crackdemo.ui.scratch import LOCK, Scratch, remove_abandoned, sweep

HOLD = """
import sys
from pathlib import Path
from crackdemo.ui.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
print(scratch.folder, flush=True)
sys.stdin.read()
"""


def test_a_folder_is_there_until_it_is_removed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "new")
    (scratch.folder / "deep").mkdir()
    (scratch.folder / "deep" / "photo.png").write_bytes(b"photo")
    assert remove_abandoned(tmp_path / "new") == 0
    scratch.remove()
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.processes
def test_what_a_killed_app_left_is_removed_and_nothing_of_others(tmp_path: Path) -> None:
    foreign = tmp_path / "crackdemo-notes"
    foreign.mkdir()
    (foreign / LOCK).touch()
    (foreign / "thesis.txt").write_text("notes")
    (tmp_path / "other").mkdir()
    (tmp_path / "crackdemo-link").symlink_to(tmp_path / "other")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        assert remove_abandoned(tmp_path) == 0 and left.is_dir()
        process.kill()
        process.wait()
    assert (left / LOCK).exists()
    assert remove_abandoned(tmp_path) == 1
    assert not left.exists()
    assert (foreign / "thesis.txt").exists() and (tmp_path / "other").is_dir()


def aged(path: Path, at: float, size: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (at, at))
    return path


def test_what_is_old_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    old, new = aged(tmp_path / "a" / "old.png", 100), aged(tmp_path / "b" / "new.png", 300)
    used = aged(tmp_path / "c" / "used.png", 50)
    assert sweep(tmp_path, before=200, most_bytes=10**6, in_use=lambda path: path == used) == 20
    assert not old.exists() and not old.parent.exists()
    assert new.exists() and used.exists() and tmp_path.is_dir()


def test_the_oldest_of_too_much_goes_first(tmp_path: Path) -> None:
    files = [aged(tmp_path / f"{at}.png", at) for at in (300, 100, 200, 400)]
    assert sweep(tmp_path, before=0, most_bytes=25, in_use=lambda path: path == files[1]) == 20
    assert [file.exists() for file in files] == [False, True, False, True]
