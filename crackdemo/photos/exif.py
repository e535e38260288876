"""Where and when a photo was taken, as the camera wrote it into the file."""

import math
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from crackdemo.photos.images import FORMATS

_DATES = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


class Taken(NamedTuple):
    """What a file says of where and when; None for what it does not say, or not sensibly."""

    latitude: float | None = None
    """In degrees, north above 0."""
    longitude: float | None = None
    """In degrees, east above 0."""
    time: str | None = None
    """As ISO 8601 has it, by the camera's clock; with its offset from UTC where that is known."""


def taken_of(data: bytes) -> Taken:
    """Of a file's content; nothing in it is an error."""
    try:
        exif = Image.open(BytesIO(data), formats=FORMATS).getexif()
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        details = exif.get_ifd(ExifTags.IFD.Exif)
        base = dict(exif)
    except Exception:  # a damaged block raises almost anything, and is worth no photo
        return Taken()
    latitude = _degrees(place, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(place, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Taken(latitude, longitude, _time(details, base))


def _degrees(place: Mapping[int, Any], key: int, side: int, minus: str, most: int) -> float | None:
    """Degrees, minutes and seconds as one number, to about a centimetre."""
    try:
        degrees, minutes, seconds = (float(part) for part in place[key])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not (math.isfinite(value) and 0 <= value <= most):
        return None
    return round(-value if str(place.get(side, "")).upper().startswith(minus) else value, 7)


def _time(details: Mapping[int, Any], base: Mapping[int, Any]) -> str | None:
    text = next((details[key] for key in _DATES if key in details), None)
    try:
        when = datetime.strptime(
            str(text or base.get(ExifTags.Base.DateTime)).strip(" \0"), "%Y:%m:%d %H:%M:%S"
        )
        return f"{when.isoformat()}{_offset(details.get(ExifTags.Base.OffsetTimeOriginal))}"
    except ValueError:
        return None


def _offset(text: Any) -> str:
    """`+02:00`, or nothing where there is none that can be read."""
    try:
        datetime.strptime(str(text).strip(" \0"), "%z")
    except ValueError:
        return ""
    return str(text).strip(" \0")
