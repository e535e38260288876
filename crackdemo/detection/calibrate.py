"""Where crack begins, found without a crack label: on clean pavement and procedural cracks."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage, Heatmap, Residual, RgbImage
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.engine import Engine
from crackdemo.detection.heatmaps import HeatmapConfig, to_heatmap
from crackdemo.detection.illumination import FlattenConfig, gray_of
from crackdemo.detection.pieces import without_faint, without_lone
from crackdemo.detection.scales import fused_residual, predict_at_scales
from crackdemo.detection.score import photo_score
from crackdemo.masks.grow import dilate
from crackdemo.synthesis.kinds import KINDS, Scenes, scenes

CLEAN_SHARES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
"""Shares of clean pavement whose heatmap values a checkpoint stores."""
_ENOUGH = 50
"""Sound tiles: one in fifty lies above the quantile that is usual."""
LABEL_MARGIN_PX = 1.0
"""How far people's masks reach beyond the dark core that is painted."""
LABELLED_MARGIN = 0.75
"""Of the pixels in that margin so many are labelled. Found on validation photos, with five networks
of one recipe: thresholds of painted photos lie at .9 to 1.1 times those of labelled ones with it,
at .7 to .8 times with the whole margin, at 1.5 to 2 without it."""
MADE_SOUND_SHARE = 0.95
"""Of the made photos without cracks so many are to be called sound. Tiles as they are have next to
no evidence, and by their scores alone a speck on aggregate, paint or a wall would be a crack."""
MOST_TILES = 200
"""More tiles than this change no quantile that is stored."""
SCENES_PER_KIND = 32
"""Painted ones, and as many clean. With 16 the residual of 0.5 varies by 5 % (a standard deviation,
three networks, on validation photos; once it was 12 % too high), with 48 by less than 3 %."""
SOUND_SCENES_PER_KIND = 48
"""For the score's threshold, which the hottest twentieth of them sets: with 16 a kind it varies by
.055 to .072 (a standard deviation, two networks, on validation photos)."""
_RESIDUALS = np.geomspace(1e-3, 1, 241)
"""The thresholds that are tried: steps of 3 %."""

Detect: TypeAlias = Callable[[NDArray[np.uint8]], Residual]
"""A gray tile (H, W) to its residual."""


class KindFigures(NamedTuple):
    """How one kind of photo fares at the threshold that is right for all."""

    f1: float
    """Pixel F1 of its painted cracks there."""
    best_f1: float
    """Pixel F1 at the kind's own best threshold."""
    best_residual: float
    """That threshold."""


class Scale(NamedTuple):
    """The residual at which crack begins."""

    r0: float
    """Where the mean over the kinds of their pixel F1 is highest."""
    kinds: dict[str, KindFigures]
    """Each kind by name: how far their own thresholds lie apart."""


def calibrate(
    engine: Engine,
    tiles: Sequence[NDArray[np.uint8]],
    flatten: FlattenConfig,
    heatmap: HeatmapConfig,
    score_top_share: float | None,
    score_quantile: float,
    seed: int,
    progress: Callable[[float], None] = lambda share: None,
    usual_score: float = 0.5,
    score_level: float = 0.5,
) -> tuple[Calibration, Scale]:
    """From clean validation tiles (H, W) uint8 gray, at most MOST_TILES of them.

    r0 is found by `find_scale`; clean quantiles come from the tiles as they are, each once: a small
    set is repeated beside large ones, and if some of its tiles hold cracks that nobody labelled,
    they would be theirs. So does the score's threshold, and, unless it is a mean over a share of
    pixels, from sound scenes like `find_scale`'s, but more: the higher one holds. progress: is told
    what share is done. usual_score: the score's threshold where there are hardly any tiles to find
    it by.
    """

    def residual(tile: NDArray[np.uint8]) -> Residual:
        photo: RgbImage = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
        answers = predict_at_scales(photo, engine, flatten, heatmap)
        return fused_residual(answers, heatmap, gray_of(photo, flatten.channel))

    kinds = len(KINDS)
    scale = find_scale(residual, tiles, seed, lambda done: progress(done / (kinds + 1)))
    chosen = np.random.default_rng([seed, 1]).permutation(len(tiles))[:MOST_TILES]
    once = {id(tiles[i]): tiles[i] for i in chosen}.values()

    def heat(tile: NDArray[np.uint8]) -> Heatmap:
        whole = to_heatmap(residual(tile), scale.r0)
        return without_lone(without_faint(whole, heatmap.faint), heatmap.lone)

    def score(heatmap: Heatmap) -> float:
        return photo_score(heatmap, score_top_share, level=score_level)

    clean = list(map(heat, once))
    levels = np.quantile(np.concatenate([each.ravel() for each in clean]), CLEAN_SHARES)
    threshold = _score_threshold(list(map(score, clean)), score_quantile, usual_score)
    if score_top_share is None:
        made = [score(heat(scene)) for scene in _sound_scenes(tiles, seed)]
        threshold = max(threshold, float(np.quantile(made, MADE_SOUND_SHARE)))
    calibration = Calibration(
        r0=scale.r0,
        # above 0, or photos without any residual would be called cracked
        score_threshold=threshold,
        score_top_share=score_top_share,
        score_level=score_level,
        clean_quantiles={
            str(share): round(float(level / 65536), 6)
            for share, level in zip(CLEAN_SHARES, levels, strict=True)
        },
    )
    return calibration, scale


def _score_threshold(scores: Sequence[float], quantile: float, usual: float) -> float:
    """What so many of the sound tiles stay below. Few tiles do not show the highest scores of sound
    surface: the fewer of `_ENOUGH` there are, the nearer to the usual one it lies at least."""
    least = usual * max(0.0, 1 - len(scores) / _ENOUGH)
    return max(float(np.quantile(scores, quantile)), least, 1e-6)


def find_scale(
    residual: Detect,
    tiles: Sequence[NDArray[np.uint8]],
    seed: int,
    progress: Callable[[int], None] = lambda kinds: None,
) -> Scale:
    """On scenes of all KINDS made from clean tiles: each kind counts alike, however many pixels its
    cracks have.

    Where the worst off loses least would be another answer; it follows the chance of a few scenes
    (.141 to .183 over three seeds, where the mean gives .133 to .154). progress: is told how many
    kinds are done.
    """
    curves = {}
    for number, (name, made) in enumerate(_made(tiles, seed), 1):
        curves[name] = _f1_curve(residual, made)
        progress(number)
    best = int(np.mean(list(curves.values()), axis=0).argmax())
    figures = {
        name: KindFigures(
            float(curve[best]), float(curve.max()), float(_RESIDUALS[int(curve.argmax())])
        )
        for name, curve in curves.items()
    }
    return Scale(float(_RESIDUALS[best]), figures)


def _made(tiles: Sequence[NDArray[np.uint8]], seed: int) -> Iterator[tuple[str, Scenes]]:
    """Scenes of each of KINDS, by its name."""
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, 2, number])
        yield kind.name, scenes(kind, tiles, SCENES_PER_KIND, rng)


def _sound_scenes(tiles: Sequence[NDArray[np.uint8]], seed: int) -> Iterator[NDArray[np.uint8]]:
    """Of each of KINDS, without cracks."""
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, 3, number])
        yield from map(_as_bytes, scenes(kind, tiles, SOUND_SCENES_PER_KIND, rng).clean)


def _f1_curve(residual: Detect, made: Scenes) -> NDArray[np.float64]:
    """Pooled pixel F1 at each of _RESIDUALS."""
    bins = len(_RESIDUALS) + 1
    off, on = np.zeros(bins), np.zeros(bins)
    for scene in made.painted:
        values = np.searchsorted(_RESIDUALS, residual(_as_bytes(scene.image)), side="right")
        near = dilate(scene.mask, LABEL_MARGIN_PX)
        margin = np.bincount(values[near & ~scene.mask], minlength=bins)
        off += np.bincount(values[~near], minlength=bins) + (1 - LABELLED_MARGIN) * margin
        on += np.bincount(values[scene.mask], minlength=bins) + LABELLED_MARGIN * margin
    for surface in made.clean:
        values = np.searchsorted(_RESIDUALS, residual(_as_bytes(surface)), side="right")
        off += np.bincount(values.ravel(), minlength=bins)
    found, alarms = on[::-1].cumsum()[::-1][1:], off[::-1].cumsum()[::-1][1:]
    curve: NDArray[np.float64] = 2 * found / np.maximum(found + alarms + on.sum(), 1)
    return curve


def _as_bytes(gray: GrayImage) -> NDArray[np.uint8]:
    return np.round(gray * 255).astype(np.uint8)
