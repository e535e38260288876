"""Surveys with real workers: complete whatever is killed, and equal to predict's table."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

pytest.importorskip("ray.data")

import pyarrow.parquet as pq

from crackdemo.masks.rle import decode
from crackdemo.photos.images import read_mask

pytestmark = [pytest.mark.processes]

ROOT = Path(__file__).parents[3]
PATIENCE = 240.0
"""Seconds until a test gives up: the machine may be busy."""
DEADLY = """
import os, sys
from pathlib import Path
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.masks.presets import Preset
from crackdemo.survey.cluster import connected
from crackdemo.survey.parts import opened
from crackdemo.survey.sources import find_photos_of
from crackdemo.survey.survey import survey

class Deadly:
    def __init__(self, inner):
        self.inner = inner
    def detector(self, only=None):
        found = self.inner.detector()
        class Detector:
            calibration = found.calibration
            score = staticmethod(found.score)
            def detect(self, photo, should_stop=None, heal=True):
                if photo.max() == 0:
                    os._exit(1)
                return found.detect(photo)
        return Detector()

checkpoint = load_checkpoint(Path(sys.argv[1]))
out, folder = Path(sys.argv[3]), sys.argv[2]
with opened(out, {}) as parts, connected(None, 2) as cluster:
    preset = Preset(checkpoint.config.mask)
    for row in survey(find_photos_of([folder]), Deadly(checkpoint), preset, cluster, parts):
        pass
"""


@pytest.fixture
def started() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `python -m crackdemo survey`; all of its processes are gone at the end."""
    ours: list[psutil.Process] = []

    def start(*args: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "crackdemo", "survey", *map(str, args)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE)
        ours.append(psutil.Process(process.pid))
        return process

    yield start
    for process in ours:
        if process.is_running():
            for child in [*process.children(recursive=True), process]:
                child.kill()


@pytest.fixture
def photos(tmp_path: Path, save_photo: Callable[..., Path]) -> Path:
    """A folder of eleven photos, two of one content, and one that is none."""
    for number in range(10):
        noise = np.random.default_rng(number).normal(150, 12, (96, 128, 3)).clip(0, 255)
        noise[40:43, 10 * number :] = 40
        save_photo(tmp_path / "photos" / f"{number}.png", noise.astype(np.uint8))
    again = tmp_path / "photos" / "deep" / "again.png"
    again.parent.mkdir()
    again.write_bytes((tmp_path / "photos" / "3.png").read_bytes())
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no photo")
    return tmp_path / "photos"


def rows_of(out: Path) -> list[dict[str, Any]]:
    rows = pq.read_table(out).to_pylist()
    return sorted(rows, key=lambda row: str(row["file"]))


def wait_until(is_so: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (answer := is_so()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return answer


def workers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Those that inspect photos; Ray names its processes for what they do."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "MapWorker" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def finished(process: "subprocess.Popen[str]") -> str:
    """What it said."""
    return process.communicate(timeout=PATIENCE)[1]


def predicted(photos: Path, out: Path, weights: Path) -> list[dict[str, str]]:
    command = ["predict", photos, "--out", out, "--model", weights]
    subprocess.run([sys.executable, "-m", "crackdemo", *map(str, command)], cwd=ROOT, check=False)
    with (out / "results.csv").open(encoding="utf-8") as table:
        return sorted(csv.DictReader(table), key=lambda row: row["file"])


def test_a_survey_says_what_predict_says_and_goes_on_where_it_was(
    photos: Path, tmp_path: Path, tiny_checkpoint: Path, started: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    process = started(photos, "--out", out, "--model", tiny_checkpoint, "--workers", 2)
    said = finished(process)
    assert process.returncode == 1
    assert "11 of 12 photos done; 1 failed" in said
    assert "broken.jpg: broken.jpg is not a photo" in said

    rows = rows_of(out)
    failed = [row for row in rows if row["reason"]]
    assert [row["file"] for row in failed] == ["broken.jpg"]
    assert failed[0]["score"] is None
    done = [row for row in rows if not row["reason"]]
    expected = predicted(photos, tmp_path / "predicted", tiny_checkpoint)
    assert [row["file"] for row in done] == [row["file"] for row in expected]
    for row, cells in zip(done, expected, strict=True):
        for name, cell in cells.items():
            if name != "seconds":
                assert told(row[name]) == told(typed(cell)), name
        mask = read_mask(tmp_path / "predicted" / "masks" / f"{row['file'][:-4]}.png")
        assert np.array_equal(decode(row["mask_rle"], (row["height"], row["width"])), mask)

    # one is new, one has another content, and the broken one is a photo now
    (photos / "broken.jpg").write_bytes((photos / "3.png").read_bytes())
    (photos / "new.png").write_bytes((photos / "4.png").read_bytes())
    (photos / "5.png").write_bytes((photos / "6.png").read_bytes())
    process = started(photos, "--out", out, "--model", tiny_checkpoint, "--workers", 2)
    said = finished(process)
    assert process.returncode == 0
    assert "13 of 13 photos done, 10 of them before." in said
    again = rows_of(out)
    assert [row for row in again if row in done] == [r for r in done if r["file"] != "5.png"]
    assert [row["file"] for row in again if row not in done] == ["5.png", "broken.jpg", "new.png"]


def typed(cell: str) -> Any:
    if cell in ("true", "false"):
        return cell == "true"
    return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell or None


def told(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.slow
def test_a_survey_is_complete_though_a_worker_and_then_its_driver_were_killed(
    tmp_path: Path,
    save_photo: Callable[..., Path],
    tiny_checkpoint: Path,
    started: Callable[..., Any],
) -> None:
    for number in range(30):
        noise = np.random.default_rng(number).normal(150, 12, (1200, 1200)).clip(0, 255)
        noise[40:43, 10 * number :] = 40
        save_photo(tmp_path / "photos" / f"{number}.png", np.dstack([noise] * 3).astype(np.uint8))
    out = tmp_path / "out"
    command = (tmp_path / "photos", "--out", out, "--model", tiny_checkpoint, "--workers", 2)
    process = started(*command)
    wait_until(lambda: list(out.glob("part-*.parquet")))
    victim = wait_until(lambda: workers_of(process))[0]
    victim.kill()
    before = pq.read_table(out).num_rows
    wait_until(lambda: process.poll() is not None or pq.read_table(out).num_rows > before)
    assert process.poll() is None, process.stderr.read()
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(is_alive(child) for child in family))
    half = rows_of(out)
    assert 0 < len(half) < 30
    assert len({row["file"] for row in half}) == len(half)

    process = started(*command)
    said = finished(process)
    assert process.returncode == 0, said
    assert f"30 of 30 photos done, {len(half)} of them before." in said
    rows = rows_of(out)
    assert [row["file"] for row in rows] == sorted(f"{number}.png" for number in range(30))
    assert all(row["reason"] is None for row in rows)
    assert [row for row in rows if row in half] == half


def is_alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


@pytest.mark.slow
def test_a_photo_that_kills_its_workers_is_a_row_and_holds_nothing_up(
    photos: Path, tmp_path: Path, save_photo: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    save_photo(photos / "deadly.png", np.zeros((40, 40, 3), np.uint8))
    out = tmp_path / "out"
    script = tmp_path / "deadly.py"
    script.write_text(DEADLY)
    command = [sys.executable, script, tiny_checkpoint, photos, out]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, env=environment, timeout=PATIENCE, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert len(rows) == 13
    reasons = {row["file"]: row["reason"] for row in rows if row["reason"]}
    assert set(reasons) == {"broken.jpg", "deadly.png"}
    assert "deadly.png was given up" in reasons["deadly.png"]


@pytest.mark.slow
def test_a_local_cluster_listens_on_the_loopback_device_alone(
    photos: Path, tmp_path: Path, tiny_checkpoint: Path, started: Callable[..., Any]
) -> None:
    process = started(photos, "--out", tmp_path / "out", "--model", tiny_checkpoint)
    wait_until(lambda: workers_of(process) or process.poll() is not None)
    me = psutil.Process(process.pid)
    heard = set()
    for one in [me, *me.children(recursive=True)]:
        try:
            connections = one.net_connections("inet")
        except psutil.Error:
            continue
        heard |= {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert heard
    assert all(ip.removeprefix("::ffff:") in ("127.0.0.1", "::1") for ip in heard), heard
    family = me.children(recursive=True)
    finished(process)
    wait_until(lambda: not any(is_alive(child) for child in family))


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_is_no_text_is_inspected_like_any(
    photos: Path, tmp_path: Path, tiny_checkpoint: Path, started: Callable[..., Any]
) -> None:
    odd = tmp_path / "odd" / os.fsdecode(b"bad\xff.png")
    odd.parent.mkdir()
    odd.write_bytes((photos / "3.png").read_bytes())
    out = tmp_path / "out"
    process = started(tmp_path / "odd", "--out", out, "--model", tiny_checkpoint, "--workers", 1)
    assert "1 of 1 photos done" in finished(process)
    assert [row["file"] for row in rows_of(out)] == ["bad?.png"]
