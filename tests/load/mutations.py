"""Mutated files: is each refused in a sentence, or read, without a crash, a hang or a path?

python tests/load/mutations.py [--files 1000] [--seed 0]

Photos of all formats, ZIPs, presets, samples, configs and weights are made, damaged in one of
several ways, and given to what reads visitors' files.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.data.intake import take_in
from crackdemo.errors import CrackdemoError
from crackdemo.evaluation.sample import read_sample
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset, preset_json, read_preset
from crackdemo.photos.images import read_mask, read_photo

LONGEST = 10.0
"""Seconds that one file may take."""
PHOTOS = ("jpg", "png", "webp", "tif", "heic", "avif", "gif", "bmp")


def main() -> None:
    """Prints what became of the files; 1 where one was neither read nor refused as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    told: Counter[str] = Counter()
    faults, longest = [], 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        readers = originals(folder)
        for number in range(args.files):
            name, read = chance.choice(readers)
            file = folder / f"{number}-{name}"
            file.write_bytes(mutated((folder / name).read_bytes(), chance))
            started = time.monotonic()
            try:
                read(file)
                told["read"] += 1
            except CrackdemoError as refusal:
                told["refused"] += 1
                if str(folder) in str(refusal) or "Traceback" in str(refusal):
                    faults.append(f"{file.name}: {refusal}")
            except Exception as error:
                faults.append(f"{file.name}: {error!r}")
            seconds = time.monotonic() - started
            longest = max(longest, seconds)
            if seconds > LONGEST:
                faults.append(f"{file.name}: took {seconds:.0f} s")
            file.unlink()
    print(
        f"{args.files} files: {told['read']} read, {told['refused']} refused, "
        f"longest {longest:.1f} s"
    )
    print(f"{len(faults)} faults")
    print(*faults[:20], sep="\n")
    sys.exit(1 if faults else 0)


def originals(folder: Path) -> list[tuple[str, Callable[[Path], object]]]:
    """Real files by name, and what reads them."""
    pixels = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    for suffix in PHOTOS:
        Image.fromarray(pixels).save(folder / f"photo.{suffix}")
    with zipfile.ZipFile(folder / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in PHOTOS:
            archive.write(folder / f"photo.{suffix}", f"images/photo.{suffix}")
    region = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    preset = Preset(MaskParams(), (region,), 0.5, {"ab" * 32: ((1, 2),)}, weights="cae-asphalt")
    (folder / "preset.json").write_text(preset_json(preset))
    (folder / "sample.csv").write_text("file,crack\n" + "a.jpg,1 2 9 3\nb.jpg,\n" * 20)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(SHIPPED / "cae-asphalt" / name, folder / name)

    def unpack(file: Path) -> None:
        target = folder / "unpacked"
        shutil.rmtree(target, ignore_errors=True)
        take_in([file], target)

    def weights(file: Path) -> None:
        target = folder / "weights"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for name in ("config.json", "model.safetensors"):
            shutil.copy(file if file.name.endswith(name) else folder / name, target / name)
        load_checkpoint(target)

    photos = [(f"photo.{suffix}", read) for suffix in PHOTOS for read in (read_photo, read_mask)]
    return [
        *photos,
        *[("photos.zip", unpack), ("sample.csv", read_sample)] * 4,
        *[("preset.json", lambda file: read_preset(file, MaskParams()))] * 4,
        *[("config.json", weights), ("model.safetensors", weights)] * 2,
    ]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, repeated, emptied in the middle, or with numbers that lie."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 20))):
        at = chance.randrange(max(1, min(len(changed), chance.choice((64, 1024, 10**9)))))
        kind = chance.randrange(6)
        if kind == 0:
            del changed[at + 1 :]
        elif kind == 1:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 2:
            changed[at:at] = changed[at : at + chance.randrange(1, 400)]
        elif kind == 3:
            changed[at : at + 16] = bytes(16)
        elif kind == 4:
            changed[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"9999")
            )
        else:
            digits = [
                place for place in range(len(changed[:4096])) if changed[place] in b"123456789"
            ]
            if digits:
                changed[chance.choice(digits)] = chance.choice(b'0-9e"[{')
    return bytes(changed)


if __name__ == "__main__":
    main()
