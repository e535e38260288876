"""How much memory `predict` takes: of many photos, and of one that is very large.

python tests/bench/predict_memory.py [--few 100] [--many 1000] [--megapixels 100]

Each is a process of its own with everything written; its peak is what the system counted (resident,
the libraries' own pages among it).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.predict_speed import SMALL, write_photos

ROOT = Path(__file__).parents[2]
BAR_FLAT, BAR_LARGE_GB = 1.05, 1.5


def main() -> None:
    """Prints peaks in MB, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--few", type=int, default=100, help="photos of 512 x 512")
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--megapixels", type=int, default=100, help="of the large one; 0: none")
    parser.add_argument("--only", default=None, help="as of predict; everything by default")
    args = parser.parse_args()
    options = ["--only", args.only] if args.only else []
    with tempfile.TemporaryDirectory() as scratch:
        few, many = (
            peak(Path(scratch) / str(number), SMALL, number, options)
            for number in (args.few, args.many)
        )
        print(f"{args.few:5} photos {few:7.0f} MB")
        print(f"{args.many:5} photos {many:7.0f} MB, {many / few:.3f} times (bar: {BAR_FLAT})")
        if args.megapixels:
            size = (
                round((args.megapixels * 0.75e6) ** 0.5),
                round((args.megapixels / 0.75e-6) ** 0.5),
            )
            large = peak(Path(scratch) / "large", size, 1, options)
            print(f"{args.megapixels} megapixels {large:7.0f} MB (bar: {BAR_LARGE_GB} GB)")


def peak(folder: Path, size: tuple[int, int], number: int, options: list[str]) -> float:
    """Of a process that predicts so many photos, in MB."""
    write_photos(folder, size, number)
    process = subprocess.Popen(
        [sys.executable, "-m", "crackdemo", "predict", folder, "--out", folder / "out", *options],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
