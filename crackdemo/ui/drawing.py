"""Pictures that the server draws: the region of interest, and the four views where a browser does
not draw them itself."""

import hashlib
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np

from crackdemo.arrays import CrackMask, RgbImage
from crackdemo.inspection.store import Scored
from crackdemo.masks.region import Polygon, region_mask
from crackdemo.photos.images import write_jpeg, write_png
from crackdemo.photos.overlays import heat_rgb, mask_image, mask_overlay, preview
from crackdemo.ui.inspect.region import Region

VIEW_SIDE = 1024
"""Longest side of a view that the server draws."""


def region_file(scored: Scored, polygons: tuple[Polygon, ...]) -> Path:
    """The region of interest as a PNG of the photo's size, white where it counts."""
    digest = hashlib.sha256(repr(polygons).encode()).hexdigest()[:12]
    path = scored.folder / f"region-{digest}.png"
    if not path.exists():
        write_png(path, region_mask(polygons, *scored.photo.shape[:2]))
    return path


def four_views(scored: Scored, mask: CrackMask, opacity: float) -> tuple[RgbImage, ...]:
    """Photo with mask, reconstruction, heatmap and mask, at display size."""
    small_photo = preview(scored.photo, VIEW_SIDE)
    small_mask = preview(mask, VIEW_SIDE)
    return (
        mask_overlay(small_photo, small_mask, opacity),
        preview(scored.detection.reconstruction, VIEW_SIDE),
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


def view_size(photo: RgbImage) -> tuple[int, int]:
    """Height and width of a photo's picture at display size."""
    height, width = preview(photo, VIEW_SIDE).shape[:2]
    return height, width


def region_picture(photo: RgbImage, region: Region) -> RgbImage:
    """The photo at display size: what the region leaves out is dimmed, corners are marked."""
    picture = preview(photo, VIEW_SIDE).copy()
    height, width = picture.shape[:2]
    if region.polygons:
        outside = ~region_mask(region.polygons, height, width)
        picture[outside] = (picture[outside] * 0.35).astype(np.uint8)
    points = [(round(x * width), round(y * height)) for x, y in region.corners]
    for start, end in pairwise(points):
        cv2.line(picture, start, end, (255, 200, 0), 2, cv2.LINE_AA)
    for point in points:
        cv2.circle(picture, point, 5, (255, 200, 0), -1, cv2.LINE_AA)
    return picture
