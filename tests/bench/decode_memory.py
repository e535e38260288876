"""What decoding a photo of so many megapixels takes of memory, each kind in a process of its own.

python tests/bench/decode_memory.py [--megapixels 200]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

KINDS = {
    "png": ("RGB", "png"),
    "png, transparent": ("RGBA", "png"),
    "png, gray": ("L", "png"),
    "png, 16 bits": ("I;16", "png"),
    "jpeg": ("RGB", "jpg"),
    "tiff": ("RGB", "tif"),
}


def write(file: Path, mode: str, megapixels: int) -> None:
    """An even picture: small on the disk, as large as any other once it is decoded."""
    from PIL import Image

    side = int((megapixels * 1e6) ** 0.5)
    options = {"compression": "tiff_adobe_deflate"} if file.suffix == ".tif" else {}
    Image.new(mode, (side, side)).save(file, **options)


def peak_mb(code: str, *given: str) -> float:
    """Of a process of its own, resident."""
    tell = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}", *given],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


READ = """
import sys
from pathlib import Path
from crackdemo.photos.images import read_here
"""


def main() -> None:
    """Prints a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=int, default=200)
    megapixels = parser.parse_args().megapixels
    idle = peak_mb(READ)
    print(f"{'kind':20} {'file MB':>8} {'peak MB':>8} {'bytes/px':>9}   (idle {idle:.0f} MB)")
    with tempfile.TemporaryDirectory() as folder:
        for kind, (mode, suffix) in KINDS.items():
            file = Path(folder) / f"photo.{suffix}"
            write(file, mode, megapixels)
            peak = peak_mb(f"{READ}\nread_here(Path(sys.argv[1]))", str(file))
            size = file.stat().st_size / 1e6
            each = (peak - idle) * 2**20 / (megapixels * 1e6)
            print(f"{kind:20} {size:8.1f} {peak:8.0f} {each:9.1f}")


if __name__ == "__main__":
    main()
