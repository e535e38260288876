"""What makes a threshold mean the same on every photo."""

from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.arrays import Heatmap, RegionMask
from crackdemo.configs import SETTINGS, Share
from crackdemo.detection.score import photo_score


@dataclass(frozen=True, config=SETTINGS)
class Calibration:
    """The fixed scale and thresholds of a checkpoint."""

    r0: Annotated[float, Field(gt=0)]
    """The residual that becomes 32768 in the heatmap, the calibrated threshold."""
    score_threshold: Share
    """A photo's score from which it counts as cracked, 0..1."""
    score_top_share: Annotated[float, Field(gt=0, le=1)] | None
    """The share of a photo's pixels, the hottest ones, whose mean is its score; null: the score
    follows the photo's strongest crack."""
    clean_quantiles: dict[Annotated[str, Field(pattern=r"^(0(\.\d+)?|1(\.0+)?)$")], Share]
    """Share of clean pavement (as text) to the heatmap value, 0..1, that it stays below."""
    score_level: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The heat from which the pixels of the strongest crack are connected."""

    def score_of(self, heatmap: Heatmap, region: RegionMask | None = None) -> float:
        """Of a heatmap (H, W), or of a region (H, W) of it; 0..1, higher = more crack."""
        return photo_score(heatmap, self.score_top_share, region, self.score_level)

    def is_cracked(self, score: float) -> bool:
        """Whether a photo of this score, 0..1, counts as cracked: decided here alone."""
        return score >= self.score_threshold

    def clean_share_flagged(self, threshold: float) -> float:
        """Share of clean pavement's pixels, 0..1, at or above a threshold, before morphology."""
        points = sorted((value, float(share)) for share, value in self.clean_quantiles.items())
        values, shares = zip((0.0, 0.0), *points, (1.0, 1.0), strict=True)
        return float(1 - np.interp(threshold, values, shares))
