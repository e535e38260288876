"""Regions of interest as the page keeps them: for all photos, and for single ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from crackdemo.configs import parse_config
from crackdemo.masks.params import MaskParams
from crackdemo.masks.presets import Preset
from crackdemo.masks.region import Polygon
from crackdemo.ui.given import object_given


@dataclass(frozen=True)
class Regions:
    """What of the photos counts."""

    everywhere: tuple[Polygon, ...] = ()
    """Their union counts, on every photo; none means the whole photo."""
    photos: Mapping[str, tuple[Polygon, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """What counts of single photos instead, by the SHA-256 of their files."""

    def of(self, sha256: str) -> tuple[Polygon, ...]:
        """What counts of one photo."""
        return self.photos.get(sha256, self.everywhere)


def regions_of(text: str | None) -> Regions:
    """What the page keeps, see `regions_text`; raises ConfigError where it is none of that."""
    values = object_given("The region", text)
    checked = parse_config(
        Preset,
        {
            "mask": MaskParams(),
            "region": values.get("all", ()),
            "regions": values.get("photos", {}),
        },
    )
    return Regions(checked.region, checked.regions)


def regions_text(regions: Regions) -> str:
    """As JSON: polygons of corners [x, y] in fractions, of `all` photos and by photo."""
    return json.dumps({"all": regions.everywhere, "photos": dict(regions.photos)})
