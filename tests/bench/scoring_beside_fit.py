"""How long a photo takes to score alone, and while a fit runs beside it; prints the ratio.

python tests/bench/scoring_beside_fit.py [--weights cae-asphalt] [--side 1024] [--rounds 8]

The fit is one as the page starts it. It is stopped (SIGSTOP) for every other pass, so that both
figures are taken under whatever else the machine does.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

import cv2

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.arrays import RgbImage
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.detection.detector import Detector
from crackdemo.photos.images import read_photo
from crackdemo.runs.jobs import Jobs
from crackdemo.synthesis.examples import make_pavement
from crackdemo.training.config import FitConfig

BAR = 2.0
PHOTO = Path(__file__).parents[2] / "crackdemo" / "ui" / "examples" / "asphalt-crack.jpg"


def main() -> None:
    """Prints seconds a photo, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS)
    parser.add_argument("--side", type=int, default=1024, help="of the square photo, in pixels")
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    photo: RgbImage = cv2.resize(read_photo(PHOTO), (args.side, args.side))
    detector = load_checkpoint(SHIPPED / args.weights).detector()
    alone, beside = [], []
    with tempfile.TemporaryDirectory() as folder:
        make_pavement(Path(folder) / "data", seed=0)
        jobs = Jobs(Path(folder) / "runs")
        jobs.start("beside", asdict(FitConfig(epochs=1000)), [str(Path(folder) / "data")])
        try:
            while not jobs.job("beside").history:
                time.sleep(0.2)
            group = jobs.job("beside").status.pid
            for _ in range(args.rounds):
                os.killpg(group, signal.SIGSTOP)
                alone.append(seconds(detector, photo))
                os.killpg(group, signal.SIGCONT)
                beside.append(seconds(detector, photo))
        finally:
            jobs.cancel("beside")
    for name, times in (("alone", alone), ("beside a fit", beside)):
        print(f"{name:13} {median(times):6.2f} s   ({', '.join(f'{t:.2f}' for t in times)})")
    ratio = median(beside) / median(alone)
    print(f"ratio         {ratio:6.2f}   (bar {BAR:.0f}; {args.side} px, {os.cpu_count()} cores)")


def seconds(detector: Detector, photo: RgbImage) -> float:
    """Of one forward pass, after the other processes have settled."""
    time.sleep(0.5)
    started = time.perf_counter()
    detector.detect(photo)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
