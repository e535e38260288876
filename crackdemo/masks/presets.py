"""A preset: the settings that the page saves and `predict --preset` loads, as one JSON file."""

import errno
import json
from collections.abc import Collection
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS, explained, parse_config
from crackdemo.errors import ConfigError, PresetError
from crackdemo.masks.params import MaskParams
from crackdemo.masks.region import Polygon, check_region

Points: TypeAlias = tuple[tuple[int, int], ...]
"""A pixel (x, y) of each false alarm that a person dropped."""

_Scale = Annotated[float, Field(gt=0, le=1_000_000)]
"""No photo of cracks is coarser than a kilometre a pixel, and no measure becomes infinite."""
_MAX_BYTES = 1_000_000
"""What is longer is cut, and then no JSON any more."""
_MASK_OF_VERSION_1 = {"opening": 0, "closing": 0, "min_area": 0}
"""What version 1 took for a mask setting that is missing, where that differs from today."""


@dataclass(frozen=True, config=SETTINGS)
class Preset:
    """Every setting between a heatmap and its measures. ValueError if one is invalid."""

    mask: MaskParams
    """How the heatmap becomes a mask."""
    region: tuple[Polygon, ...] = ()
    """Region of interest, the union of these polygons; none means the whole photo."""
    mm_per_px: _Scale | None = None
    """Scale of the photo in millimetres per pixel, above 0; None if it is not known."""
    dropped: dict[str, Points] = field(default_factory=dict)
    """False alarms that a person dropped, by the SHA-256 of the photo's file."""
    dropped_by_name: dict[str, Points] = field(default_factory=dict)
    """The same by bare file name, as presets of version 1 have them."""
    weights: str | None = None
    """What the settings were made with; None if it is not known."""
    commit: str | None = None
    """The Hub's commit of these weights; None if they are not from there."""
    regions: dict[str, tuple[Polygon, ...]] = field(default_factory=dict)
    """What counts of single photos in place of `region`, by the SHA-256 of the photo's file."""
    only: str | None = None
    """Of weights that tell several classes apart the one that counts, by name; None: all."""

    def __post_init__(self) -> None:
        for polygons in (self.region, *self.regions.values()):
            check_region(polygons)

    def on(self, sha256: str) -> "Preset":
        """As it holds for one photo: with that photo's own region, where it has one."""
        return replace(self, region=self.regions.get(sha256, self.region))

    def identity(self) -> dict[str, Any]:
        """All settings by name, which tell what was done with them from what was done with others.
        What newer versions added is left out while it is not set: what older ones began goes on."""
        values = asdict(self)
        if self.only is None:
            del values["only"]
        return values

    def warning_with(self, weights: str, commit: str | None) -> str:
        """What a person should know who uses it with these weights; empty where it was made with
        them, or where that is not known."""
        if self.weights is None or (self.weights, self.commit) == (weights, commit):
            return ""
        if self.weights == weights:
            return (
                f"This preset was made with another version of {weights} "
                f"(commit {self.commit or 'unknown'}): it may mark other things here."
            )
        return (
            f"This preset was made with {self.weights}, but {weights} is chosen: "
            "it may mark other things here."
        )

    def without_names(self, names: Collection[str]) -> "Preset":
        """Without what is said of these file names alone."""
        kept = {name: dots for name, dots in self.dropped_by_name.items() if name not in names}
        return replace(self, dropped_by_name=kept)

    def dropped_on(self, sha256: str, name: str) -> Points:
        """The false alarms on a photo; what was said of the file itself goes before its name."""
        return self.dropped.get(sha256, self.dropped_by_name.get(name, ()))


@dataclass(frozen=True, config=SETTINGS)
class _Photo:
    """What a preset's file says of one photo."""

    dropped: Points = ()
    """Its false alarms."""
    region: tuple[Polygon, ...] | None = None
    """What counts of it; None: what counts of all photos."""


@dataclass(frozen=True, config=SETTINGS)
class _File:
    """A preset as it is written now."""

    mask: MaskParams
    """As in `Preset`."""
    version: Literal[2] = 2
    """Of the file's layout."""
    weights: str | None = None
    """As in `Preset`."""
    commit: str | None = None
    """As in `Preset`."""
    region: tuple[Polygon, ...] = ()
    """As in `Preset`."""
    mm_per_px: _Scale | None = None
    """As in `Preset`."""
    photos: dict[str, _Photo] = field(default_factory=dict)
    """By the SHA-256 of the photo's file."""
    only: Annotated[str | None, Field(validation_alias="class")] = None
    """As in `Preset`; in the file it is `class`, which Python keeps for itself."""


@dataclass(frozen=True, config=SETTINGS)
class _FileOfVersion1:
    """A preset as it was written first, without a version."""

    mask: MaskParams
    """As in `Preset`."""
    region: tuple[Polygon, ...] = ()
    """As in `Preset`."""
    mm_per_px: _Scale | None = None
    """As in `Preset`."""
    dropped: dict[str, Points] = field(default_factory=dict)
    """By bare file name."""


def preset_json(preset: Preset) -> str:
    """The preset as text, stable to the byte. False alarms by bare name are not kept."""
    file = _File(
        mask=preset.mask,
        weights=preset.weights,
        commit=preset.commit,
        region=preset.region,
        mm_per_px=preset.mm_per_px,
    )
    photos: dict[str, dict[str, Any]] = {}
    for sha256, dots in preset.dropped.items():
        if dots:
            photos.setdefault(sha256, {})["dropped"] = dots
    for sha256, polygons in preset.regions.items():
        photos.setdefault(sha256, {})["region"] = polygons
    values = {**asdict(file), "photos": photos}
    del values["only"]
    chosen = {} if preset.only is None else {"class": preset.only}
    return json.dumps({**values, **chosen}, indent=2) + "\n"


def read_preset(path: Path, own: MaskParams) -> Preset:
    """The preset in a JSON file; mask settings that it lacks are the checkpoint's `own`.

    Raises PresetError, naming the file without its folder.
    """
    try:
        values = _read_json(path)
        return _version_2(values, own) if "version" in values else _version_1(values)
    except ConfigError as error:
        raise PresetError(f"The preset “{path.name}” cannot be used: {error}") from None


def _version_1(values: dict[str, Any]) -> Preset:
    file = parse_config(_FileOfVersion1, _with_mask(values, _MASK_OF_VERSION_1))
    with explained():
        return Preset(file.mask, file.region, file.mm_per_px, dropped_by_name=file.dropped)


def _version_2(values: dict[str, Any], own: MaskParams) -> Preset:
    file = parse_config(_File, _with_mask({"mask": {}, **values}, asdict(own)))
    photos = file.photos.items()
    with explained():
        return Preset(
            file.mask,
            file.region,
            file.mm_per_px,
            {sha256: photo.dropped for sha256, photo in photos if photo.dropped},
            weights=file.weights,
            commit=file.commit,
            only=file.only,
            regions={sha256: one.region for sha256, one in photos if one.region is not None},
        )


def _with_mask(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    mask = values.get("mask")
    return {**values, "mask": {**defaults, **mask}} if isinstance(mask, dict) else values


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # to open a pipe would wait for ever
            raise OSError(errno.EINVAL, "It is no file")
        with path.open("rb") as file:
            values = json.loads(file.read(_MAX_BYTES))
    except OSError as error:
        raise ConfigError(f"it cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise ConfigError("it is not a JSON file; save it again from the page.") from None
    if not isinstance(values, dict):
        raise ConfigError("it must be an object of settings; save it again from the page.")
    return values
