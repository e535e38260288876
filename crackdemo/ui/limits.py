"""What visitors may ask for, all in one place; `python app.py --help` names those to be changed."""

from dataclasses import dataclass

from crackdemo.photos.images import MAX_FILE_MB, MAX_MEGAPIXELS

MACS_AT_HOME = 3_000_000
"""As many as the largest network that a search for a classifier tries, and some to spare."""


@dataclass(frozen=True)
class Limits:
    """Past each of them a sentence says which it is and what to do."""

    megapixels: int = MAX_MEGAPIXELS
    """Of one photo; larger ones are refused before they are decoded."""
    upload_mb: int = MAX_FILE_MB
    """Of one file."""
    request_mb: int = 4_000
    """Of all files that come in one upload; the proxy in deploy/Caddyfile takes as much."""
    photos: int = 2_000
    """That one visitor has open at once."""
    waiting: int = 64
    """Photos that programs may have waiting, all programs together."""
    per_minute: int = 240
    """Photos that one program may ask for in a minute."""
    events: int = 64
    """What one visitor's page, or program, may have waiting of anything."""
    cache_gb: int = 16
    """Of detections, of what visitors uploaded or were sent, and of models from the Hub; each less
    where the disk has less to spare."""
    macs_per_pixel: int = 400_000
    """Multiply-adds of a network from the Hub, counted before it is loaded; shipped ones take
    43,000. `MACS_AT_HOME` where nobody else waits."""
