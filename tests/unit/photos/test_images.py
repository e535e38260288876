"""Photo files of every kind, good and bad, made in a temporary folder."""

import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageFile, ImageSequence

from crackdemo.errors import PhotoError
from crackdemo.photos.images import (
    MAX_FILE_MB,
    decode_photo,
    find_photos,
    read_mask,
    read_photo,
    read_thumbnail,
    write_jpeg,
    write_png,
)

DATA = Path(__file__).parents[3].parent / "shared" / "data"
PROJECT = Path(__file__).parents[3]
FORMATS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "HEIF": ".heic",
    "AVIF": ".avif",
    "GIF": ".gif",
    "BMP": ".bmp",
}

# From the stored picture to the upright one, as the EXIF standard words it.
TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}
UNTURNS = {**TURNS, 6: TURNS[8], 8: TURNS[6]}


def smooth_photo(height: int = 96, width: int = 128) -> np.ndarray:
    """Gradients that lossy formats keep to within a few levels, different in every corner."""
    y, x = np.mgrid[:height, :width]
    channels = (x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 80 // (height + width))
    return np.stack(channels, axis=2).astype(np.uint8)


def noise(shape: tuple[int, ...], dtype: type, high: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, high, shape, dtype=dtype)


def encoded(fmt: str, pixels: np.ndarray | None = None, **options: object) -> bytes:
    buffer = BytesIO()
    Image.fromarray(smooth_photo() if pixels is None else pixels).save(buffer, fmt, **options)
    return buffer.getvalue()


def stored(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def filled(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int, rows: bytes, before: bytes = b"") -> bytes:
    """A gray PNG from its compressed rows; empty `rows` make a header without any pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refusal(path: Path, read=read_photo) -> str:
    """What the person is told, having checked that it is one sentence without a folder in it."""
    with pytest.raises(PhotoError) as refused:
        read(path)
    text = str(refused.value)
    assert text.startswith(f"{path.name} ") and text.endswith(".")
    assert ";" in text, "no word of what to do"
    assert ". " not in text and "\n" not in text and "/" not in text
    return text


def assert_rgb(array: np.ndarray) -> None:
    assert array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3
    assert array.flags.c_contiguous and array.flags.writeable


# Photos that are read


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_gives_its_pixels(tmp_path, fmt):
    photo = read_photo(filled(tmp_path / f"road{FORMATS[fmt]}", encoded(fmt)))
    assert_rgb(photo)
    error = np.abs(photo.astype(int) - smooth_photo())
    assert error.max() == 0 if fmt in ("PNG", "TIFF", "BMP") else error.mean() < 5


def test_a_wrong_suffix_does_not_matter(tmp_path):
    photo = read_photo(filled(tmp_path / "really a png.jpg", encoded("PNG")))
    np.testing.assert_array_equal(photo, smooth_photo())


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_the_exif_turn_is_applied(tmp_path, fmt, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.ascontiguousarray(UNTURNS[orientation](smooth_photo()))
    photo = read_photo(filled(tmp_path / "turned", encoded(fmt, pixels, exif=exif.tobytes())))
    assert_rgb(photo)
    assert photo.shape == smooth_photo().shape
    assert np.abs(photo.astype(int) - smooth_photo()).mean() < 5


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_turn_of_a_tiff_is_applied_at_every_depth(tmp_path, dtype, orientation):
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    pixels = (UNTURNS[orientation](smooth_photo()) * np.array(scale)).astype(dtype)
    path = tmp_path / "turned.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    np.testing.assert_array_equal(read_photo(path), smooth_photo())


def test_a_thumbnail_is_the_photo_but_smaller(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.kron(np.arange(0, 240, 20, dtype=np.uint8).reshape(3, 4), np.ones((160, 160)))
    turned = filled(
        tmp_path / "turned", encoded("JPEG", pixels.astype(np.uint8), exif=exif.tobytes())
    )
    small = read_thumbnail(turned, 32)
    assert min(small.shape[:2]) >= 32 and max(small.shape[:2]) <= 256
    photo = Image.fromarray(read_photo(turned)).resize(small.shape[1::-1], Image.Resampling.BOX)
    assert np.abs(np.asarray(photo).astype(int) - small).mean() < 4
    other = filled(tmp_path / "other.png", encoded("PNG"))
    assert np.array_equal(read_thumbnail(other, 32), read_photo(other))
    with pytest.raises(PhotoError, match=r"cannot be decoded|not a photo"):
        read_thumbnail(filled(tmp_path / "bad.jpg", b"\xff\xd8\xff broken"), 32)


def test_an_odd_exif_tag_does_not_cost_the_photo_its_turn(tmp_path):
    # Rewriting this EXIF fails: the second tag holds text where a number belongs.
    tags = struct.pack("<HHIHH", 274, 3, 1, 6, 0) + struct.pack("<HHI4s", 258, 2, 4, b"ab\xff\0")
    tiff = b"II*\0" + struct.pack("<IH", 8, 2) + tags + bytes(4)
    app1 = b"Exif\0\0" + tiff
    jpeg = encoded("JPEG")
    jpeg = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg[2:]
    assert read_photo(filled(tmp_path / "odd.jpg", jpeg)).shape == (128, 96, 3)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_unknown_exif_turn_is_ignored(tmp_path, value):
    exif = Image.Exif()
    exif[0x0112] = value
    photo = read_photo(filled(tmp_path / "road.png", encoded("PNG", exif=exif)))
    np.testing.assert_array_equal(photo, smooth_photo())


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "GIF", "BMP"])
def test_gray_becomes_three_equal_channels(tmp_path, fmt):
    gray = smooth_photo()[..., 0]
    photo = read_photo(filled(tmp_path / "gray", encoded(fmt, gray)))
    assert_rgb(photo)
    assert np.ptp(photo.astype(int), axis=2).max() <= 2
    assert np.abs(photo[..., 0].astype(int) - gray).mean() < 3


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_composited_over_white(tmp_path, fmt):
    rgba = noise((20, 30, 4), np.uint8, 256)
    options = {"lossless": True, "exact": True} if fmt == "WEBP" else {}
    photo = read_photo(filled(tmp_path / "glass", encoded(fmt, rgba, **options)))
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(photo, rgba[..., :3] * alpha + 255 * (1 - alpha), atol=1)


def test_gray_with_alpha_is_composited_over_white(tmp_path):
    image = Image.merge("LA", [Image.new("L", (3, 2), 100), Image.new("L", (3, 2), 51)])
    assert np.all(read_photo(stored(tmp_path / "la.png", image)) == 224)


def test_a_palette_gives_its_colours_and_its_transparency_white(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode="P")
    image.putpalette([10, 20, 30, 200, 100, 50, 1, 2, 3])
    opaque = read_photo(stored(tmp_path / "opaque.png", image))
    assert opaque.tolist() == [[[10, 20, 30], [200, 100, 50], [1, 2, 3]]]
    for name, transparency in (("one.png", 1), ("one.gif", 1), ("bytes.png", b"\xff\x00\xff")):
        photo = read_photo(stored(tmp_path / name, image, transparency=transparency))
        assert photo.tolist() == [[[10, 20, 30], [255, 255, 255], [1, 2, 3]]]


def test_a_transparent_colour_in_a_gray_or_rgb_png_is_white(tmp_path):
    gray = stored(tmp_path / "g.png", Image.new("L", (2, 2), 40), transparency=40)
    rgb = stored(tmp_path / "c.png", Image.new("RGB", (2, 2), (1, 2, 3)), transparency=(1, 2, 3))
    assert np.all(read_photo(gray) == 255) and np.all(read_photo(rgb) == 255)


def test_cmyk_becomes_rgb(tmp_path):
    cmyk = Image.fromarray(smooth_photo()).convert("CMYK")
    lossless = read_photo(stored(tmp_path / "c.tif", cmyk))
    lossy = read_photo(stored(tmp_path / "c.jpg", cmyk, quality=95))
    np.testing.assert_array_equal(lossless, smooth_photo())
    assert np.abs(lossy.astype(int) - smooth_photo()).mean() < 3


@pytest.mark.parametrize("name", ["bits.png", "bits.tif"])
def test_one_bit_photos_become_black_and_white(tmp_path, name):
    bits = noise((9, 13), np.uint8, 2).astype(bool)
    photo = read_photo(stored(tmp_path / name, Image.fromarray(bits)))
    np.testing.assert_array_equal(photo, np.where(bits, 255, 0)[..., None].repeat(3, axis=2))


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
def test_16_bit_photos_lie_within_a_level_of_v_over_257(tmp_path, name, shape):
    deep = noise(shape, np.uint16, 65536)
    assert cv2.imwrite(str(tmp_path / name), deep[..., ::-1] if len(shape) == 3 else deep)
    photo = read_photo(tmp_path / name)
    assert_rgb(photo)
    expected = deep if len(shape) == 3 else deep[..., None].repeat(3, axis=2)
    assert np.abs(photo - expected / 257).max() < 1


def test_16_bit_gray_and_16_bit_rgb_follow_one_rule(tmp_path):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    cv2.imwrite(str(tmp_path / "gray.png"), ramp)
    cv2.imwrite(str(tmp_path / "rgb.png"), ramp[..., None].repeat(3, axis=2))
    gray = read_photo(tmp_path / "gray.png")
    np.testing.assert_array_equal(gray, read_photo(tmp_path / "rgb.png"))
    levels = np.arange(256)
    np.testing.assert_array_equal(gray.reshape(-1, 3)[levels * 257, 0], levels)


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"tile": (16, 16), "compression": "zlib"},
        {"bigtiff": True},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "byteorder": ">"},
    ],
    ids=str,
)
def test_16_bit_tiffs_are_read_in_every_layout(tmp_path, options):
    deep = noise((40, 50, 3), np.uint16, 65536)
    planes = deep.transpose(2, 0, 1) if "planarconfig" in options else deep
    tifffile.imwrite(tmp_path / "deep.tif", planes, photometric="rgb", **options)
    assert np.abs(read_photo(tmp_path / "deep.tif") - deep / 257).max() < 1


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_16_bit_gray_is_read_in_either_byte_order(tmp_path, byteorder):
    deep = noise((40, 50), np.uint16, 65536)
    tifffile.imwrite(tmp_path / "deep.tif", deep, byteorder=byteorder)
    assert np.abs(read_photo(tmp_path / "deep.tif")[..., 1] - deep / 257).max() < 1


def test_16_bit_transparency_is_composited_over_white(tmp_path):
    deep = noise((20, 30, 4), np.uint16, 65536)
    assert cv2.imwrite(str(tmp_path / "glass.png"), deep[..., [2, 1, 0, 3]])
    alpha = deep[..., 3:] / 65535
    expected = deep[..., :3] / 257 * alpha + 255 * (1 - alpha)
    np.testing.assert_allclose(read_photo(tmp_path / "glass.png"), expected, atol=2.5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(24, 31), (24, 31, 3)])
def test_float_tiffs_are_scaled_by_255(tmp_path, dtype, shape):
    samples = np.random.default_rng(7).random(shape).astype(dtype)
    samples.flat[:2] = 0, 1
    photometric = "rgb" if len(shape) == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "float.tif", samples, photometric=photometric)
    photo = read_photo(tmp_path / "float.tif")
    assert_rgb(photo)
    expected = samples.astype(float).reshape(24, 31, -1) * 255
    assert np.abs(photo - expected).max() <= 0.5001


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png", "film.tif", "film.mpo"])
def test_of_several_frames_or_pages_the_first_counts(tmp_path, name):
    first, second = Image.new("RGB", (32, 24), "red"), Image.new("RGB", (32, 24), "blue")
    path = stored(tmp_path / name, first, save_all=True, append_images=[second])
    with Image.open(path) as film:
        assert len(list(ImageSequence.Iterator(film))) == 2
    assert np.abs(read_photo(path).astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("level", [0, 255])
def test_black_white_and_single_pixels_survive(tmp_path, fmt, level):
    for shape in ((1, 1, 3), (40, 30, 3)):
        photo = read_photo(filled(tmp_path / "flat", encoded(fmt, np.full(shape, level, np.uint8))))
        assert photo.shape == shape and np.abs(photo.astype(int) - level).max() <= 2


@pytest.mark.parametrize(
    "name", ["two  spaces.png", 'it\'s "here".png', "Straße 写真 🚧.png", "#%?"]
)
def test_any_name_can_be_read_and_refused(tmp_path, name):
    np.testing.assert_array_equal(
        read_photo(filled(tmp_path / name, encoded("PNG"))), smooth_photo()
    )
    assert "empty" in refusal(filled(tmp_path / name, b""))


def test_a_name_that_is_no_unicode_is_refused_in_printable_words(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/stra\xdfe.jpg"))
    path.write_bytes(b"")
    with pytest.raises(PhotoError) as refused:
        read_photo(path)
    assert str(refused.value).encode().startswith(b"stra?e.jpg is an empty file")


def test_an_icc_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photo = read_photo(filled(tmp_path / "icc.png", encoded("PNG", icc_profile=profile)))
    np.testing.assert_array_equal(photo, smooth_photo())


def test_photos_are_read_alike_in_many_threads(tmp_path):
    paths = [filled(tmp_path / f"road{end}", encoded(fmt)) for fmt, end in FORMATS.items()] * 8
    expected = [read_photo(path) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        for photo, alone in zip(pool.map(read_photo, paths), expected, strict=True):
            np.testing.assert_array_equal(photo, alone)


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared/data beside the project")
def test_real_photos_and_masks_equal_opencvs_reading():
    for folder in ("sut_crack", "cracksc", "uav"):
        for path in find_photos(DATA / folder / "images")[:3]:
            expected = cv2.imread(str(path))[..., ::-1]
            assert np.abs(read_photo(path).astype(int) - expected).max() <= 2
        for path in find_photos(DATA / folder / "masks")[:3]:
            expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127
            np.testing.assert_array_equal(read_mask(path), expected)


# Files that are refused


def test_an_empty_file_a_missing_one_and_a_folder_are_refused(tmp_path):
    assert "empty" in refusal(filled(tmp_path / "empty.jpg", b""))
    assert "not found" in refusal(tmp_path / "gone.jpg")
    (tmp_path / "survey.jpg").mkdir()
    assert "folder" in refusal(tmp_path / "survey.jpg")


@pytest.mark.parametrize("name", ["notes.jpg", "notes.tif", "notes.heic"])
def test_text_with_a_photos_name_is_refused(tmp_path, name):
    path = filled(tmp_path / name, b"Cracks seen on Tuesday, lane 2.\n" * 20)
    assert "not a photo" in refusal(path)


def test_formats_with_dangerous_decoders_are_refused(tmp_path):
    eps = encoded("EPS")
    assert "not a photo" in refusal(filled(tmp_path / "drawing.jpg", eps))


@pytest.mark.parametrize("part", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("fmt", FORMATS)
def test_truncated_photos_are_refused(tmp_path, fmt, part):
    data = encoded(fmt, noise((64, 64, 3), np.uint8, 256))
    assert "damaged" in refusal(filled(tmp_path / "cut", data[: int(len(data) * part)]))


@pytest.mark.parametrize("part", [0.9, 0.5])
@pytest.mark.parametrize(
    ("fmt", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_truncated_photos_of_other_kinds_are_refused(tmp_path, fmt, options, part):
    data = encoded(fmt, noise((64, 64, 3), np.uint8, 256), **options)
    assert "damaged" in refusal(filled(tmp_path / "cut", data[: int(len(data) * part)]))


def test_a_truncated_float_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "f.tif", np.random.default_rng(7).random((64, 64)))
    data = (tmp_path / "f.tif").read_bytes()
    assert "damaged" in refusal(filled(tmp_path / "f.tif", data[: len(data) // 2]))


def test_truncated_photos_are_never_filled_with_gray():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_photo_is_read_or_refused_but_never_crashes(tmp_path, fmt):
    rng = np.random.default_rng(7)
    whole = np.frombuffer(encoded(fmt), np.uint8)
    for _ in range(60):
        data = whole.copy()
        data[rng.integers(0, min(len(data), 2000), 4)] = rng.integers(0, 256, 4)
        path = filled(tmp_path / "damaged", data.tobytes())
        try:
            assert_rgb(read_photo(path))
        except PhotoError:
            refusal(path)


@pytest.mark.parametrize("side", [14_143, 20_001, 2**31 - 1])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_seen_in_the_header(tmp_path, side):
    # There are no pixels in this file: a reader that went on to decode would call it damaged.
    assert "200 megapixels" in refusal(filled(tmp_path / "huge.png", png(side, side, 8, b"")))


@pytest.mark.parametrize("side", [9_460, 13_378, 14_142])
@pytest.mark.filterwarnings("error")
def test_pillows_own_limit_is_not_in_the_way_below_200_megapixels(tmp_path, side):
    # Just above Pillow's warning at 89.5, its error at 179, and just below ours.
    text = refusal(filled(tmp_path / "large.png", png(side, side, 8, b"")))
    assert "damaged" in text and "megapixels" not in text


@pytest.mark.filterwarnings("error")
def test_a_photo_of_90_megapixels_is_read(tmp_path):
    rows = zlib.compress(bytes(10_000 * (1 + 9_000 // 8)), 1)
    photo = read_photo(filled(tmp_path / "large.png", png(9_000, 10_000, 1, rows)))
    assert photo.shape == (10_000, 9_000, 3) and not photo.any()


@pytest.mark.processes
def test_a_file_over_the_size_limit_is_refused(tmp_path):
    with (tmp_path / "video.jpg").open("wb") as file:
        file.truncate(MAX_FILE_MB * 1_000_000 + 1)
    assert "200 MB" in refusal(tmp_path / "video.jpg")


def refused_in_a_process(path: Path) -> tuple[str, int]:
    """The refusal in a fresh process, and by how many MB its peak memory grew meanwhile."""
    program = (
        "import resource, sys, warnings\n"
        "from pathlib import Path\n"
        "from crackdemo.errors import PhotoError\n"
        "from crackdemo.photos.images import read_photo\n"
        "warnings.simplefilter('ignore')\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = peak()\n"
        "try:\n"
        "    read_photo(Path(sys.argv[1]))\n"
        "except PhotoError as error:\n"
        "    print(peak() - before, error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    grown, text = result.stdout.split(" ", 1)
    return text, int(grown)


@pytest.mark.processes
def test_too_many_pixels_are_never_decoded(tmp_path):
    # A whole, valid photo: 225 MB once decoded, 28 MB even as raw one-bit rows.
    rows = zlib.compress(bytes(15_000 * (1 + 15_000 // 8)), 1)
    path = filled(tmp_path / "huge.png", png(15_000, 15_000, 1, rows))
    text, grown = refused_in_a_process(path)
    assert "200 megapixels" in text and grown < 20


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
@pytest.mark.processes
def test_a_png_chunk_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, kind):
    bomb = zlib.compress(bytes(300_000_000), 1)
    head = b"x\0\1\0\0\0" if kind == b"iTXt" else b"x\0\0"
    rows = zlib.compress(bytes(8 * 9))
    path = filled(tmp_path / "bomb.png", png(8, 8, 8, rows, chunk(kind, head + bomb)))
    text, grown = refused_in_a_process(path)
    assert "cannot be decoded" in text and grown < 20


@pytest.mark.processes
def test_a_float_tiff_that_unpacks_to_more_than_the_size_limit_is_refused(tmp_path):
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((5000, 5100)), compression="zlib")
    text, grown = refused_in_a_process(path)
    assert "200 MB" in text and grown < 20


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_float_tiffs_with_nan_or_infinity_are_refused(tmp_path, value):
    tifffile.imwrite(tmp_path / "f.tif", np.array([[0.5, value]], np.float32))
    assert "not numbers" in refusal(tmp_path / "f.tif")


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0])
def test_float_tiffs_outside_0_to_1_are_refused(tmp_path, value):
    tifffile.imwrite(tmp_path / "f.tif", np.array([[0.5, value]], np.float32))
    assert "between 0 and 1" in refusal(tmp_path / "f.tif")


def test_tiffs_that_would_come_out_wrong_are_refused(tmp_path):
    gray = noise((8, 9), np.uint16, 65536)
    tifffile.imwrite(tmp_path / "inverted.tif", gray, photometric="miniswhite")
    assert "rare kind" in refusal(tmp_path / "inverted.tif")
    tifffile.imwrite(tmp_path / "labels.tif", gray.astype(np.int32))
    assert "32-bit" in refusal(tmp_path / "labels.tif")
    tifffile.imwrite(tmp_path / "four.tif", np.ones((8, 9, 4), np.float32), photometric="rgb")
    assert "neither one channel nor three" in refusal(tmp_path / "four.tif")


# Masks

CRACK = np.random.default_rng(3).random((12, 17)) < 0.3


@pytest.mark.parametrize(
    "values",
    [
        CRACK.astype(np.uint8) * 255,
        CRACK.astype(np.uint8),
        CRACK.astype(np.uint16) * 65535,
        CRACK.astype(np.uint16) * 255,
        CRACK.astype(np.uint16),
        CRACK,
        np.where(CRACK, 128, 127).astype(np.uint8),
    ],
    ids=["0/255", "0/1", "16-bit", "16-bit 0/255", "16-bit 0/1", "1-bit", "127/128"],
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_masks_are_read_whatever_their_full_scale(tmp_path, values, suffix):
    mask = read_mask(stored(tmp_path / f"gt{suffix}", Image.fromarray(values)))
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, CRACK)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_label_tiffs_of_0_and_1_are_masks(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "gt.tif", CRACK.astype(dtype))
    np.testing.assert_array_equal(read_mask(tmp_path / "gt.tif"), CRACK)


def test_coloured_labels_count_by_their_brightest_channel(tmp_path):
    image = Image.fromarray(CRACK.astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    np.testing.assert_array_equal(read_mask(stored(tmp_path / "voc.png", image)), CRACK)


def test_transparent_mask_pixels_are_background(tmp_path):
    rgba = np.full((*CRACK.shape, 4), 255, np.uint8)
    rgba[..., 3] = CRACK * 255
    path = stored(tmp_path / "layer.png", Image.fromarray(rgba))
    np.testing.assert_array_equal(read_mask(path), CRACK)


def test_a_jpeg_mask_splits_above_half(tmp_path):
    square = np.zeros((64, 64), np.uint8)
    square[16:48, 16:48] = 255
    mask = read_mask(stored(tmp_path / "gt.jpg", Image.fromarray(square), quality=90))
    np.testing.assert_array_equal(mask, square > 127)


def test_empty_and_full_masks_stay_empty_and_full(tmp_path):
    for value, expected in ((0, False), (1, True), (255, True)):
        image = Image.new("L", (5, 4), value)
        assert np.all(read_mask(stored(tmp_path / "gt.png", image)) == expected)


@pytest.mark.parametrize("values", [CRACK.astype(np.uint8) * 2, CRACK.astype(np.uint16) * 300])
def test_a_mask_that_would_silently_be_empty_is_refused(tmp_path, values):
    path = stored(tmp_path / "gt.png", Image.fromarray(values))
    assert "marks no crack" in refusal(path, read_mask)


def test_masks_are_refused_as_photos_are(tmp_path):
    assert "not found" in refusal(tmp_path / "gone.png", read_mask)
    assert "not a photo" in refusal(filled(tmp_path / "notes.png", b"text" * 9), read_mask)


# Files that are written


@pytest.mark.parametrize(
    "array",
    [
        noise((7, 9), np.uint8, 256),
        noise((7, 9, 3), np.uint8, 256),
        noise((7, 9), np.uint16, 65536),
        noise((7, 18), np.uint16, 65536)[:, ::2],
        noise((9, 7, 3), np.uint8, 256).swapaxes(0, 1),
    ],
    ids=["gray", "rgb", "16-bit", "strided", "swapped"],
)
def test_png_keeps_every_value_and_depth(tmp_path, array):
    write_png(tmp_path / "a.png", array)
    again = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array[..., ::-1] if array.ndim == 3 else array)


def test_masks_are_written_as_0_and_255_and_read_back(tmp_path):
    write_png(tmp_path / "mask.png", CRACK)
    again = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(again, np.where(CRACK, 255, 0))
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), CRACK)


def test_jpeg_is_close_and_better_with_more_quality(tmp_path):
    write_jpeg(tmp_path / "a.jpg", smooth_photo())
    write_jpeg(tmp_path / "b.jpg", smooth_photo(), quality=30)
    errors = [
        np.abs(cv2.imread(str(tmp_path / name))[..., ::-1].astype(int) - smooth_photo()).mean()
        for name in ("a.jpg", "b.jpg")
    ]
    assert errors[0] < 2 and errors[0] < errors[1]


def test_a_thin_coloured_line_keeps_its_colour_in_jpeg(tmp_path):
    line = np.full((32, 32, 3), 128, np.uint8)
    line[:, 15] = 255, 0, 0
    write_jpeg(tmp_path / "line.jpg", line)
    red, green, _ = read_photo(tmp_path / "line.jpg")[16, 15].astype(int)
    assert red - green > 200


def test_written_bytes_depend_on_the_pixels_alone(tmp_path):
    for write, name in ((write_png, "a.png"), (write_jpeg, "a.jpg")):
        write(tmp_path / name, smooth_photo())
        write(tmp_path / f"again {name}", smooth_photo())
        assert (tmp_path / name).read_bytes() == (tmp_path / f"again {name}").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    write_jpeg(tmp_path / "a.jpg", smooth_photo())
    before = (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(OSError):
        write_jpeg(tmp_path / "a.jpg", np.zeros((1, 70_000, 3), np.uint8))  # JPEG ends at 65,535
    assert (tmp_path / "a.jpg").read_bytes() == before
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_png(tmp_path / "folder", smooth_photo())
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.jpg", tmp_path / "folder"]


def test_written_files_replace_old_ones_and_have_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    longest = tmp_path / ("x" * 251 + ".png")
    for array in (np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)):
        write_png(longest, array)
    assert read_photo(longest).max() == 1
    assert longest.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert len(list(tmp_path.iterdir())) == 2


# Folders


def test_photos_are_found_recursively_sorted_and_without_hidden_files(tmp_path):
    wanted = ["A.JPG", "b/c.png", "b/d.TiFf", "b/e/f.heic", "z.webp", "ü ö.avif"]
    others = ["notes.txt", "b/.hidden.jpg", ".cache/g.jpg", "jpg", "b/k.jpg.part"]
    for name in wanted + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert find_photos(tmp_path) == [tmp_path / name for name in wanted]


def test_a_hidden_folder_named_by_the_person_is_searched(tmp_path):
    (tmp_path / ".photos").mkdir()
    (tmp_path / ".photos" / "a.jpg").touch()
    assert find_photos(tmp_path / ".photos") == [tmp_path / ".photos" / "a.jpg"]


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.jpg").touch()
    (inside / "file.jpg").symlink_to(outside / "a.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (inside / "loop.jpg").symlink_to(inside / "loop.jpg")
    (inside / "up").symlink_to(inside)
    (inside / "same.jpg").symlink_to(inside / "a.jpg")
    assert find_photos(inside) == [inside / "a.jpg", inside / "same.jpg"]


def test_a_missing_or_empty_folder_holds_no_photos(tmp_path):
    assert find_photos(tmp_path) == [] and find_photos(tmp_path / "gone") == []


def test_a_files_content_is_read_as_the_file_is(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(smooth_photo()).save(tmp_path / "turned.jpg", exif=exif)
    content = (tmp_path / "turned.jpg").read_bytes()
    assert np.array_equal(decode_photo(content, "a.jpg"), read_photo(tmp_path / "turned.jpg"))


@pytest.mark.parametrize("content", [b"", b"no photo", b"x" * (MAX_FILE_MB * 1_000_000 + 1)])
def test_a_content_that_is_no_photo_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(PhotoError, match=r"^a\.jpg is "):
        decode_photo(content, "a.jpg")
