"""Many visitors at once: does every photo get its answer, fairly, and does memory stay flat?

python tests/load/visitors.py PHOTO|FOLDER... [--visitors 50] [--seconds 300] [--warm 2000]
    [--plot FILE.png]

Starts the app as a process of its own. Each visitor is a page in plain HTTP: it uploads a photo,
has it scored, and begins anew, until the time is over.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.photos.images import find_photos
from tests.e2e.app_process import APP, free_port
from tests.e2e.stranger import Stranger, file, index_of


@dataclass
class Load:
    """What happened so far. Threads share it."""

    url: str
    """Of the app."""
    seconds: list[float] = field(default_factory=list)
    """From a photo's upload to its answer."""
    failures: list[str] = field(default_factory=list)
    """What went wrong, in words."""
    counts: dict[int, int] = field(default_factory=dict)
    """Photos of each visitor."""
    megabytes: list[tuple[int, float]] = field(default_factory=list)
    """Photos so far, and what the app's processes held then."""


def main() -> None:
    """Prints the figures; 1 where a request failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument(
        "--warm", type=int, default=2000, help="photos until the cache of 2 GiB is full"
    )
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    photos = [one for each in args.photos for one in (find_photos(each) or [each])]
    with tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{free_port()}"
        command = [
            sys.executable,
            APP,
            "--runs",
            f"{folder}/runs",
            "--port",
            url.rpartition(":")[2],
        ]
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "TMPDIR": folder}, stdout=subprocess.DEVNULL
        )
        try:
            load = run(url, process.pid, photos, args.visitors, args.seconds)
        finally:
            process.terminate()
            process.wait()
    tell(load, args.warm)
    if args.plot:
        plot(load, args.plot)
    sys.exit(1 if load.failures else 0)


def run(url: str, pid: int, photos: list[Path], visitors: int, seconds: float) -> Load:
    """All visitors until the time is over."""
    load = Load(url)
    begin = wait_for(load)
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=visit, args=(load, begin, number, photos, end))
        for number in range(visitors)
    ]
    for thread in threads:
        thread.start()
    app = psutil.Process(pid)
    while any(thread.is_alive() for thread in threads):
        held = sum(each.memory_info().rss for each in (app, *app.children(recursive=True)))
        load.megabytes.append((len(load.seconds), held / 1e6))
        time.sleep(0.5)
    return load


def wait_for(load: Load) -> int:
    """Until the app is up; the number of the event that scores photos."""
    while True:
        try:
            return index_of(load, "run")
        except OSError:
            time.sleep(0.2)


def visit(load: Load, begin: int, number: int, photos: list[Path], end: float) -> None:
    """One visitor."""
    chance = random.Random(number)
    try:
        page = Stranger(load)
        while time.monotonic() < end:
            photo = chance.choice(photos)
            started = time.monotonic()
            given = [[file(page.upload(photo, photo.name))], "cae-asphalt"]
            given += [None, "", "", None, None, ""]
            messages = page.send(
                begin, given, session=f"{page.session}{load.counts.get(number, 0)}"
            )
            done = [each for each in messages if each.get("msg") == "process_completed"]
            if not done or not done[0]["success"] or "1 photo scored" not in str(messages):
                load.failures.append(str(messages[-2:])[:300])
                continue
            load.seconds.append(time.monotonic() - started)
            load.counts[number] = load.counts.get(number, 0) + 1
    except (OSError, HTTPException, AssertionError, ValueError) as error:
        load.failures.append(repr(error)[:300])


def tell(load: Load, warm_after: int) -> None:
    """In words. warm_after: photos that fill the caches."""
    if not load.seconds:
        print(f"no photo was answered; {load.failures[:3]}")
        return
    half, most = np.percentile(load.seconds, [50, 95])
    counts = list(load.counts.values())
    print(f"{len(load.seconds)} photos of {len(counts)} visitors; {len(load.failures)} failed")
    for failure in load.failures[:3]:
        print(f"  {failure}")
    print(f"seconds to the answer: 50th percentile {half:.1f}, 95th {most:.1f}")
    print(f"photos of a visitor: {min(counts)} to {max(counts)}")
    warm = [held for done, held in load.megabytes if done >= warm_after]
    if not warm:
        print(f"memory: {load.megabytes[-1][1]:.0f} MB at the end, before {warm_after} photos")
        return
    part = max(1, len(warm) // 4)
    first, last = np.median(warm[:part]), np.median(warm[-part:])
    print(
        f"memory after {warm_after} photos {first:.0f} MB, at the end {last:.0f} MB "
        f"({last / first - 1:+.1%})"
    )


def plot(load: Load, path: Path) -> None:
    """Memory by photos."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    axes.plot(*zip(*load.megabytes, strict=True))
    axes.set(xlabel="photos answered", ylabel="memory of the app (MB)", ylim=(0, None))
    figure.savefig(path)


if __name__ == "__main__":
    main()
