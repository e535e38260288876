"""Pictures that the server draws: the region of interest, small masks, and the four views where a
browser does not draw them itself."""

import hashlib
from base64 import b64encode
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np

from crackdemo.arrays import CrackMask, RegionMask, RgbImage
from crackdemo.inspection.store import THUMBNAIL_SIDE, Scored
from crackdemo.masks.region import Polygon
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.photos.overlays import CRACK_COLOUR, heat_rgb, mask_image, mask_overlay, preview

VIEW_SIDE = 1024
"""Longest side of a view that the server draws."""


def region_file(scored: Scored, polygons: tuple[Polygon, ...], inside: RegionMask) -> Path:
    """The region of interest as a PNG of the photo's size, white where it counts.

    inside: what the polygons are on this photo.
    """
    digest = hashlib.sha256(repr(polygons).encode()).hexdigest()[:12]
    path = scored.folder / f"region-{digest}.png"
    if not path.exists():
        write_png(path, inside)
    return path


def four_views(scored: Scored, mask: CrackMask, opacity: float) -> tuple[RgbImage | None, ...]:
    """Photo with mask, reconstruction, None where nothing rebuilds it, heatmap and mask, at display
    size."""
    small_photo = preview(scored.photo, VIEW_SIDE)
    small_mask = preview(mask, VIEW_SIDE)
    rebuilt = scored.detection.reconstruction
    return (
        mask_overlay(small_photo, small_mask, opacity),
        None if rebuilt is None else preview(rebuilt, VIEW_SIDE),
        heat_rgb(preview(scored.detection.heatmap, VIEW_SIDE)),
        cv2.cvtColor(mask_image(small_mask), cv2.COLOR_GRAY2RGB),
    )


def picture_file(folder: Path, picture: RgbImage) -> Path:
    """A JPEG in the folder, written whole and under a name of its own: one that is being sent is
    never written again, whatever else is drawn meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.jpg"
    write_jpeg(path, picture)
    return path


def mask_picture(mask: CrackMask) -> str:
    """A small picture of a mask as a data address: crack in its colour, all else transparent."""
    small = preview(mask, THUMBNAIL_SIDE)
    red, green, blue = CRACK_COLOUR
    picture = np.zeros((*small.shape, 4), np.uint8)
    picture[small] = blue, green, red, 255
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    return f"data:image/png;base64,{b64encode(encoded).decode()}"
