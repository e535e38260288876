"""The photo without its cracks, in its own light and colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, RgbImage
from crackdemo.detection.bands import Band, Computed, Rows, enlarged, halo_of, in_bands, shrunk
from crackdemo.detection.illumination import gray_of, local_mean
from crackdemo.detection.scales import ScaledAnswer

_HEALED_GRAY = 1.0 / 255
"""Changes below one gray level are the network's own noise and stay out of the picture."""
_FALLEN_GRAY = 4.0 / 255
"""From here on a pixel's colour, and not grain, says how dark it is beside its surroundings."""
_COLOUR_SIGMA = 1.0
"""Gaussian sigma, in pixels, over which colours are compared."""


def healed_photo(
    photo: RgbImage, answers: list[ScaledAnswer], of_large: list[tuple[ScaledAnswer, float]]
) -> RgbImage:
    """The photo with what the network changed, flattening undone.

    At each pixel the largest change counts, since a wide crack is only healed at a coarse scale;
    but a coarse scale never lifts a pixel above its surroundings: it would leave a bright ghost.
    Each colour is lifted as far as it fell. of_large: the answers of the coarser scales of large
    photos, and how much each counts, 0..1, as these fade in; what they heal is as wide as the
    others' surroundings, so that it is held against its own.
    """
    size = photo.shape[:2]
    light = answers[0].illumination
    gray = gray_of(photo, light.config.channel)
    first, *coarser = (enlarged(_change(answer), size) for answer in answers)
    colours = [_colour(photo, channel) for channel in range(3)]
    means = [local_mean(colour, light.config.mean_sigma) for colour in colours]
    around = light.enlarged(size).mean
    wider = [_Wide(photo, answer, share, colours) for answer, share in of_large]
    healed = np.empty_like(photo)
    halo = halo_of(_COLOUR_SIGMA)

    def heal(band: Band) -> None:
        wide, inner = band.wide(halo), band.inner(halo)
        fall = around[wide] - gray[wide]
        change = first[band.rows]
        for coarse in coarser:
            change = np.maximum(change, np.minimum(coarse[band.rows], fall[inner]))
        whole, further = change, []
        for each in wider:
            more = each.beyond(whole, gray[band.rows], band)
            further.append(more)
            whole = whole + more
        change[np.abs(whole) < _HEALED_GRAY] = 0
        fall = cv2.GaussianBlur(fall, (0, 0), _COLOUR_SIGMA)[inner]
        is_fallen = fall > _FALLEN_GRAY
        for channel, (colour, mean) in enumerate(zip(colours, means, strict=True)):
            there = colour[wide]
            own = cv2.GaussianBlur(mean[wide] - there, (0, 0), _COLOUR_SIGMA)[inner]
            lift = _share(own, fall, is_fallen)
            lift *= change
            for each, more in zip(wider, further, strict=True):
                lift += more * each.colour_share(channel, there[inner], gray[band.rows], band)
            lift += there[inner]
            lift *= 255
            healed[band.rows, :, channel] = np.clip(np.round(lift, out=lift), 0, 255, out=lift)

    in_bands(heal, *size)
    return healed


class _Wide:
    """What a coarser scale heals; its surroundings are measured at its own size."""

    def __init__(
        self, photo: RgbImage, answer: ScaledAnswer, share: float, colours: list[Rows]
    ) -> None:
        size, scaled = photo.shape[:2], answer.change.shape
        sigma = answer.illumination.config.mean_sigma
        self._change, self._share = enlarged(_change(answer), size), np.float32(share)
        self._around = answer.illumination.enlarged(size).mean
        self._means = [
            enlarged(local_mean(shrunk(colour, scaled), sigma), size) for colour in colours
        ]

    def beyond(self, healed: GrayImage, gray: GrayImage, band: Band) -> GrayImage:
        """How much further than others healed it lifts a band of the photo, >= 0."""
        further = np.minimum(self._change[band.rows], self._around[band.rows] - gray) - healed
        lift: GrayImage = self._share * np.maximum(further, 0)
        return lift

    def colour_share(
        self, channel: int, colour: GrayImage, gray: GrayImage, band: Band
    ) -> GrayImage:
        """Of a band, as `_share`."""
        fall = self._around[band.rows] - gray
        own = self._means[channel][band.rows] - colour
        return _share(own, fall, fall > _FALLEN_GRAY)


def _colour(photo: RgbImage, channel: int) -> Rows:
    """One of its colours, (H, W), 0..1."""
    return Computed(
        photo.shape[:2],
        lambda band: photo[band.rows, :, channel].astype(np.float32) / np.float32(255),
    )


def _share(own: GrayImage, fall: GrayImage, is_fallen: NDArray[np.bool_]) -> GrayImage:
    """How far a colour channel fell below its surroundings, `own`, as a share of `fall`, that of
    the channel which the network sees: soil in a crack darkens blue more than red."""
    share = np.ones_like(fall)
    np.divide(own, fall, out=share, where=is_fallen)
    return np.clip(share, 0, 2, out=share)


def _change(answer: ScaledAnswer) -> Rows:
    """What the network changed at one scale, in gray levels 0..1, at its size."""
    change, light = answer.change, answer.illumination
    return Computed(change.shape, lambda band: light.unflatten(change[band.rows], band.rows))
