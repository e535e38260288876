"""Where and when a photo was taken."""

from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from crackdemo.photos.exif import Taken, taken_of

PLACE = {1: "N", 2: (52.0, 31.0, 12.0), 3: "W", 4: (13.0, 24.0, 36.0)}
TIME = {ExifTags.Base.DateTimeOriginal: "2026:03:09 14:05:59"}


def file(
    place: dict[int, Any] | None = None,
    details: dict[int, Any] | None = None,
    kind: str = "JPEG",
    **base: Any,
) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"  # Pillow writes no block that has no tag of its own
    if base:
        exif[ExifTags.Base.DateTime] = base["time"]
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place or {})
    exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, kind, exif=exif)
    return data.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_place_and_time_are_read(kind: str) -> None:
    taken = taken_of(file(PLACE, TIME, kind))
    assert taken.latitude == pytest.approx(52.52, abs=1e-6)
    assert taken.longitude == pytest.approx(-13.41, abs=1e-6)
    assert taken.time == "2026-03-09T14:05:59"


def test_an_offset_is_kept() -> None:
    details = {**TIME, ExifTags.Base.OffsetTimeOriginal: "+02:00"}
    assert taken_of(file(details=details)).time == "2026-03-09T14:05:59+02:00"
    details[ExifTags.Base.OffsetTimeOriginal] = "   :  "
    assert taken_of(file(details=details)).time == "2026-03-09T14:05:59"


def test_a_file_that_was_only_saved_at_a_time_has_that() -> None:
    assert taken_of(file(time="2026:01:02 03:04:05")).time == "2026-01-02T03:04:05"


@pytest.mark.parametrize(
    "place",
    [
        {**PLACE, 2: (95.0, 0.0, 0.0)},
        {**PLACE, 2: (52.0, 31.0)},
        {**PLACE, 4: (IFDRational(0, 0), 0.0, 0.0)},
        {key: value for key, value in PLACE.items() if key != 4},
    ],
)
def test_half_a_place_is_none(place: dict[int, Any]) -> None:
    assert taken_of(file(place, TIME)) == Taken(None, None, "2026-03-09T14:05:59")


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert taken_of(file(details={ExifTags.Base.DateTimeOriginal: text})).time is None


@pytest.mark.parametrize("data", [b"", b"no photo", file(PLACE, TIME)[:60]])
def test_what_is_no_photo_says_nothing(data: bytes) -> None:
    assert taken_of(data) == Taken()
