"""Photos that kill, hold or flood their decoder cost themselves and nothing else."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackdemo.errors import PhotoError
from crackdemo.photos import apart
from crackdemo.photos.apart import Reader
from crackdemo.photos.images import MAX_MEGAPIXELS, read_here, read_photo

pytestmark = pytest.mark.processes

WRAPPED = """
import os, sys, time
from pathlib import Path
from crackdemo.photos import apart, images
inside = images.read_here
def read_here(path, most):
    if path.name.startswith("kills"):
        os.abort()
    if path.name.startswith("holds"):
        time.sleep(600)
    if path.name.startswith("floods"):
        bytearray(2 * apart.MEMORY_BYTES)
    return inside(path, most)
images.read_here = read_here
apart._limit_memory()
apart.serve(sys.stdin.buffer, sys.stdout.buffer)
"""
"""The real process, with a decoder that does what a hostile file makes it do."""


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader((sys.executable, "-c", WRAPPED), seconds=8)
    yield reader
    reader.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "fine.tif")
    return tmp_path / "fine.tif"


def test_a_photo_is_the_same_as_when_it_is_decoded_here(reader: Reader, photo: Path) -> None:
    assert np.array_equal(reader.read(photo, MAX_MEGAPIXELS), read_here(photo))


@pytest.mark.parametrize("suffix", [".tif", ".heic", ".avif"])
def test_risky_formats_are_decoded_apart(tmp_path: Path, suffix: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}")
    assert read_photo(tmp_path / f"a{suffix}").shape == (64, 64, 3)
    (tmp_path / f"a{suffix}").write_bytes((tmp_path / f"a{suffix}").read_bytes()[:60])
    with pytest.raises(PhotoError, match=rf"^a\{suffix} ") as refusal:
        read_photo(tmp_path / f"a{suffix}")
    assert "/" not in str(refusal.value)


@pytest.mark.parametrize("what", ["kills", "holds"])
def test_a_photo_that_ends_or_holds_its_decoder_costs_itself(
    reader: Reader, photo: Path, what: str
) -> None:
    hostile = photo.rename(photo.with_name(f"{what}.tif"))
    with pytest.raises(PhotoError, match=f"{what}.tif .*(broke its decoder|took too long)"):
        reader.read(hostile, MAX_MEGAPIXELS)
    fine = hostile.rename(photo)
    assert reader.read(fine, MAX_MEGAPIXELS).shape == (30, 40, 3)


@pytest.mark.skipif(os.name != "posix", reason="memory is bounded on Unix alone")
def test_a_photo_that_wants_all_memory_is_refused(reader: Reader, photo: Path) -> None:
    with pytest.raises(PhotoError, match=r"floods\.tif"):
        reader.read(photo.rename(photo.with_name("floods.tif")), MAX_MEGAPIXELS)


def test_too_many_megapixels_are_refused_by_the_header(reader: Reader, photo: Path) -> None:
    with pytest.raises(PhotoError, match="more than 0 megapixels"):
        reader.read(photo, 0)
    assert apart.SECONDS > 0
