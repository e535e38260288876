"""Photo files to RGB arrays, and arrays to files.

Pillow decodes every file but one kind: TIFFs with float samples, or with 16-bit samples in
separate colour planes, which Pillow refuses or garbles, are tifffile's. A file's content decides
what it is, never its suffix. Every function may run in several threads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from tifffile import PHOTOMETRIC, SAMPLEFORMAT, TiffFile, TiffPage

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.errors import PhotoError
from crackdemo.files import written_whole
from crackdemo.photos.apart import Reader
from crackdemo.photos.png import write_pixels
from crackdemo.photos.views import VIEWS, is_output

MAX_MEGAPIXELS = 200
"""The largest phone and drone cameras stop here; decoding one such photo takes about 2 GB."""

MAX_SIDE = 60_000
"""Pixels along one side: a strip of one pixel's width costs as much as a photo of its length."""

MAX_FILE_MB = 200
"""A 200-megapixel JPEG of asphalt stays below this; a larger file is refused unread."""

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".gif", ".bmp"}
)
"""Lower case; what `find_photos` takes for a photo."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF", "BMP")
"""No other decoder ever sees a file: some of Pillow's start programs."""

_ROWS = 256
"""Of a photo that are taken over from Pillow at once."""
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _too_many_pixels(most: int) -> str:
    return (
        f"has more than {most} megapixels, too many for one photo; save it smaller or cut it into "
        "parts"
    )


_apart = Reader()

pillow_heif.register_heif_opener()
# Pillow's own limit warns above 89 megapixels and refuses above 179; this moves it, process-wide.
Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000


def read_photo(path: Path, most_megapixels: int = MAX_MEGAPIXELS) -> RgbImage:
    """The photo as a person sees it: uint8 (H, W, 3), upright (EXIF turn applied), C-contiguous.

    Transparency is composited over white. Of 16-bit samples the high byte is kept, which is
    v / 257 to within one level; float samples in 0..1 are scaled by 255. Of several frames or
    pages the first counts. ICC profiles are ignored. most_megapixels: by its header, before it is
    decoded. HEIC, AVIF and TIFF are decoded in a process of their own. Raises PhotoError.
    """
    return (
        _apart.read(path, most_megapixels) if _is_risky(path) else read_here(path, most_megapixels)
    )


def read_here(path: Path, most_megapixels: int = MAX_MEGAPIXELS) -> RgbImage:
    """As `read_photo`, in this process whatever the file holds."""
    with _explained(path.name):
        return _photo(_read(path), most_megapixels)


def _is_risky(path: Path) -> bool:
    """By its first bytes; what cannot be read is left to whoever says why."""
    try:
        with path.open("rb") if path.is_file() else BytesIO() as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(_TIFF_SIGNATURES) or head[4:8] == b"ftyp"


def read_thumbnail(path: Path, side: int) -> RgbImage:
    """As `read_photo`, but of a JPEG no more is decoded than `side` pixels along each side need."""
    if not _is_risky(path):
        with _explained(path.name):
            data = _read(path)
            if data.startswith(_JPEG_SIGNATURE):
                image = Image.open(BytesIO(data), formats=FORMATS)
                _check_shape(image.width, image.height, MAX_MEGAPIXELS)
                image.draft("RGB", (2 * side, 2 * side))
                image.load()
                turn = image.getexif().get(ExifTags.Base.Orientation)
                return np.array(_rgb(_upright(image, turn), background="white"))
    return read_photo(path)


def decode_photo(data: bytes, name: str) -> RgbImage:
    """As `read_photo`, of a file's content; `name` is what a PhotoError calls it."""
    with _explained(name):
        _check_size(len(data))
        return _photo(data)


def _photo(data: bytes, most_megapixels: int = MAX_MEGAPIXELS) -> RgbImage:
    image = _rgb(_decode(data, most_megapixels), background="white")
    photo = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _ROWS):  # at once Pillow would need room for two copies
        bottom = min(top + _ROWS, image.height)
        photo[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return photo


def read_mask(path: Path) -> CrackMask:
    """A ground-truth mask: (H, W), True where the file is above half of its full scale.

    Full scale is the smallest of 1, 255 and 65535 that no value exceeds: a file of 0 and 255
    splits above 127, in a file of only 0 and 1 the 1 is crack. A colour counts by its brightest
    channel, transparency is background. Raises PhotoError, also where values are present but
    none is above half, because such a mask would silently be empty.
    """
    return read_labels(path)[0]


def read_labels(path: Path) -> tuple[CrackMask, float]:
    """As `read_mask`, and the share of its pixels, 0..1, that are neither background nor crack by
    a tenth of full scale: soft edges, as JPEG and smoothing make them. Raises PhotoError."""
    with _explained(path.name):
        image = _decode(_read(path))
        is_integer = image.mode.startswith("I")
        values = np.asarray(image if is_integer else _rgb(image, background="black"))
        if values.ndim == 3:
            values = values.max(axis=2)
        brightest = int(values.max())
        half = next(scale for scale in (1, 255, 65535, 2**32 - 1) if brightest <= scale) // 2
        if 0 < brightest <= half:
            raise PhotoError(
                f"marks no crack, because its brightest value is only {brightest}; "
                "save it with 0 for background and 255 for crack"
            )
        mask: CrackMask = values > half
        is_soft = (values > half // 5) & (values < 2 * half - half // 5)
        return mask, float(np.count_nonzero(is_soft) / mask.size)


def read_values(path: Path) -> NDArray[np.uint32]:
    """A mask's values as its file has them, (H, W): the gray level, the place in the palette, or
    of a pixel in colour `colour_value`; transparent pixels are 0. Raises PhotoError."""
    with _explained(path.name):
        image = _decode(_read(path))
        if image.mode in ("1", "L", "P") or image.mode.startswith("I"):
            gray = image.convert("L") if image.mode == "1" else image
            return np.asarray(gray).astype(np.uint32)
        red, green, blue = np.moveaxis(np.asarray(_rgb(image, background="black")), 2, 0)
        values = colour_value(*(channel.astype(np.uint32) for channel in (red, green, blue)))
        is_gray = (red == green) & (green == blue)
        mixed: NDArray[np.uint32] = np.where(is_gray, red, values).astype(np.uint32)
        return mixed


def colour_value(red: Any, green: Any, blue: Any) -> Any:
    """One number for a colour, above all gray levels and places in a palette."""
    return 1 << 24 | red << 16 | green << 8 | blue


def write_png(path: Path, array: NDArray[np.uint8 | np.uint16 | np.bool_]) -> None:
    """Gray (H, W) or RGB (H, W, 3) as 8-bit, a mask as 0 and 255, uint16 (H, W) as 16-bit gray."""
    with written_whole(path) as building:
        write_pixels(building, array)


def write_jpeg(path: Path, rgb: RgbImage, quality: int = 90) -> None:
    """RGB with full-resolution colour, so that thin coloured outlines stay sharp."""
    _write(path, Image.fromarray(rgb), format="JPEG", quality=quality, subsampling="4:4:4")


def find_photos(folder: Path) -> list[Path]:
    """All photos below `folder`, by suffix, sorted; none where there is no such folder.

    Hidden files and folders are skipped, and so is whatever a symbolic link leads to outside, and
    the views that an earlier batch wrote into a folder below.
    """
    inside = folder.resolve()
    is_view = cache(_is_view)
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PHOTO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not any(is_view(folder / part) for part in path.relative_to(folder).parents[:-1])
        and path.is_file()
        and path.resolve().is_relative_to(inside)
    )


def _is_view(folder: Path) -> bool:
    return folder.name in VIEWS and is_output(folder.parent)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Puts the file's name before a PhotoError and turns every other exception into one."""
    name = name.encode(errors="replace").decode()  # a name may hold bytes that do not print
    try:
        yield
    except PhotoError as reason:
        raise PhotoError(f"{name} {reason}.") from None
    except PermissionError as error:
        raise PhotoError(f"{name} may not be read; ask for access to it.") from error
    except UnidentifiedImageError as error:
        raise PhotoError(
            f"{name} is not a photo, or its beginning is damaged; "
            "choose a JPEG, PNG, WebP, TIFF, HEIC, AVIF, GIF or BMP file."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(f"{name} {_too_many_pixels(MAX_MEGAPIXELS)}.") from error
    except MemoryError as error:
        raise PhotoError(
            f"{name} does not fit into memory; save it with fewer pixels, or try again later."
        ) from error
    except Exception as error:
        raise PhotoError(
            f"{name} cannot be decoded, because it is damaged, cut short or of a rare kind; "
            "copy it again or save it as JPEG or PNG."
        ) from error


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise PhotoError("is a folder, not a photo; choose the photos in it")
    if not path.is_file():
        raise PhotoError("was not found; check that it has not been moved or renamed")
    _check_size(path.stat().st_size)
    return path.read_bytes()


def _check_size(size: int) -> None:
    if size == 0:
        raise PhotoError("is an empty file; copy it again from the camera")
    if size > MAX_FILE_MB * 1_000_000:
        raise PhotoError(f"is a file of more than {MAX_FILE_MB} MB; save it smaller or as JPEG")


def _decode(data: bytes, most_megapixels: int = MAX_MEGAPIXELS) -> Image.Image:
    """The first frame, upright, in the file's own mode; at most so many megapixels."""
    if data.startswith(_TIFF_SIGNATURES):
        with TiffFile(BytesIO(data)) as tiff:
            page = tiff.pages.first
            if page.bitspersample > 8:
                _refuse_rare_tiff(page)
                _check_shape(page.imagewidth, page.imagelength, most_megapixels)
                if page.sampleformat == SAMPLEFORMAT.IEEEFP or page.axes == "SYX":
                    return _decode_deep_tiff(page)
    image = Image.open(BytesIO(data), formats=FORMATS)
    _check_shape(image.width, image.height, most_megapixels)
    image.load()
    return _upright(image, image.getexif().get(ExifTags.Base.Orientation))


def _check_shape(width: int, height: int, most_megapixels: int) -> None:
    """By the numbers of a header alone."""
    if width * height > most_megapixels * 1_000_000:
        raise PhotoError(_too_many_pixels(most_megapixels))
    if max(width, height) > MAX_SIDE:
        raise PhotoError(
            f"has a side of more than {MAX_SIDE:,} pixels, as no camera makes; cut it into parts"
        )


def _refuse_rare_tiff(page: TiffPage) -> None:
    """Deep samples that the decoders would show too dark, inverted or in wrong colours."""
    is_known = page.photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB)
    if page.bitspersample not in (16, 32, 64) or not is_known:
        raise PhotoError("is a TIFF of a rare kind; save it as RGB with 8 or 16 bits a channel")


def _decode_deep_tiff(page: TiffPage) -> Image.Image:
    """Float samples or 16-bit colour planes as 8-bit gray or RGB, upright."""
    if page.nbytes > MAX_FILE_MB * 1_000_000:
        raise PhotoError(
            f"unpacks to more than {MAX_FILE_MB} MB; save it smaller or with 8 bits a channel"
        )
    samples = page.asarray()
    if page.axes == "SYX":
        samples = np.moveaxis(samples, 0, 2)
    if samples.ndim == 3 and samples.shape[2] != 3:
        raise PhotoError("has neither one channel nor three; save it as RGB")
    return _upright(Image.fromarray(_eight_bits(samples)), page.tags.valueof("Orientation"))


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    """Turned as its EXIF orientation asks; a missing or unknown one asks for nothing.

    `ImageOps.exif_transpose` would rewrite all other EXIF tags as well and fails on odd ones.
    """
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """16-bit samples by their high byte, floats in 0..1 times 255."""
    if samples.dtype.kind == "u" and samples.itemsize == 2:
        return (samples >> 8).astype(np.uint8)
    if samples.dtype.kind != "f":
        raise PhotoError("holds 32-bit whole numbers; save it with 8 or 16 bits a channel")
    if not np.isfinite(samples).all():
        raise PhotoError(
            "holds values that are not numbers (NaN or infinite); "
            "replace them or save it with 8 bits a channel"
        )
    if samples.min() < 0 or samples.max() > 1:
        raise PhotoError(
            f"holds values from {samples.min():g} to {samples.max():g}, but float samples must "
            "lie between 0 and 1; scale them or save it with 8 bits a channel"
        )
    scaled: NDArray[np.float32] = np.multiply(samples, 255, dtype=np.float32)
    return np.rint(scaled).astype(np.uint8)


def _rgb(image: Image.Image, background: str) -> Image.Image:
    """8-bit RGB, with transparent pixels over `background`."""
    if image.mode.startswith("I"):
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    if image.has_transparency_data:
        if image.mode != "RGBA":  # else it would be copied, which a large photo has no room for
            image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, background), image)
    return image if image.mode == "RGB" else image.convert("RGB")  # else a copy


def _write(path: Path, image: Image.Image, **options: Any) -> None:
    with written_whole(path) as building:
        image.save(building, **options)
