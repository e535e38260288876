"""The app is killed at a moment of chance, over and over: is anything left behind?

python tests/load/kills.py PHOTO... [--kills 50] [--seed 0]

Meanwhile pages upload photos and have them scored. After each kill the app is started again in the
same places; what the one before left in the temporary folder must be gone.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.e2e.app_process import APP, free_port
from tests.load.visitors import Load, visit, wait_for

_VISITORS = 4
_LONGEST = 8.0
"""Seconds before a kill at most."""


def main() -> None:
    """Prints what was left behind; 1 where anything was."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance, faults, photos = random.Random(args.seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.kills + 1):
            port = str(free_port())
            process = subprocess.Popen(
                [sys.executable, APP, "--runs", f"{folder}/runs", "--port", port],
                cwd=folder,
                env={**os.environ, "TMPDIR": folder},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            load = Load(f"http://127.0.0.1:{port}")
            begin = wait_for(load)
            left = [path.name for path in Path(folder).iterdir() if path.name != "runs"]
            if len(left) != 1:
                faults += 1
                print(f"after kill {number}: {left}")
            end = time.monotonic() + _LONGEST + 1
            threads = [
                threading.Thread(target=visit, args=(load, begin, each, args.photos, end))
                for each in range(_VISITORS)
            ]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0, _LONGEST))
            process.kill() if number < args.kills else process.terminate()
            process.wait()
            for thread in threads:
                thread.join()
            photos += len(load.seconds)
        left = [path.name for path in Path(folder).iterdir() if path.name != "runs"]
        faults += bool(left)
    print(f"{args.kills} kills, {photos} photos answered between them, {faults} times files left")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
