"""Masks of several classes: which value means which class, and masks read by that.

A file `classes.json` beside `images/` and `masks/` says it, `{"1": "crack", "2": "joint"}`: gray
levels, places in a palette, or colours as `"#ff0000"`. What is 0, black or named `background`
belongs to no class.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackdemo.arrays import ClassMask, CrackMask
from crackdemo.errors import ConfigError, DatasetError, PhotoError, shortened
from crackdemo.masks.classes import BACKGROUND, CRACK, MOST_CLASSES, check_names
from crackdemo.photos.images import colour_value, read_mask, read_values

CLASSES_FILE = "classes.json"
_FEW_LEVELS = 16
"""More of them are gray edges, not classes."""
_MAX_BYTES = 100_000


@dataclass(frozen=True)
class ClassKey:
    """What the values of a folder's masks mean."""

    meanings: dict[int, str]
    """Value to the name of its class, or `background`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, each once, in the order that they were named in."""
        return tuple(name for name in dict.fromkeys(self.meanings.values()) if name != BACKGROUND)


def find_key(masks: Sequence[Path], file: Path | None) -> ClassKey | None:
    """By a folder's `classes.json`; without one several even gray levels are `class 1` and so on,
    from the darkest. None of plain masks of cracks.

    Masks that cannot be read are left to whoever needs them. Raises DatasetError where the file
    is wrong.
    """
    return _key_among(masks) if file is None else read_key(file)


def read_key(file: Path) -> ClassKey:
    """Of a `classes.json`. Raises DatasetError."""
    try:
        with file.open("rb") as source:
            # pairs, since an object keeps the last of two equal keys and says nothing
            named = json.loads(source.read(_MAX_BYTES), object_pairs_hook=tuple)
    except (OSError, ValueError, RecursionError):
        raise _wrong("it is no JSON that can be read") from None
    if not isinstance(named, tuple) or not named:
        raise _wrong("it is no object of values and names")
    meanings: dict[int, str] = {}
    for text, given in named:
        value, name = _value(text), _name(given)
        if value in meanings:
            raise _wrong(f"“{shortened(text)}” names a value that is named before: name each once")
        if value == 0 and name != BACKGROUND:
            raise _wrong(
                f"“{shortened(text)}” is never a class: leave it out, or call it {BACKGROUND}"
            )
        meanings[value] = name
    key = ClassKey({0: BACKGROUND} | meanings)
    try:
        check_names(key.names)
    except ConfigError as error:
        raise _wrong(str(error).removesuffix(".")) from None
    if not 1 <= len(key.names) <= MOST_CLASSES:
        raise _wrong(f"it names {len(key.names)} classes: from 1 to {MOST_CLASSES} can be told")
    return key


def all_names(keys: Iterable[ClassKey | None]) -> tuple[str, ...]:
    """The classes of several folders, each once; plain masks have cracks."""
    return tuple(dict.fromkeys(n for key in keys for n in (key.names if key else (CRACK,))))


def read_classes(path: Path, key: ClassKey, names: Sequence[str]) -> ClassMask:
    """A mask (H, W) by the classes' places in `names`, from 1; others of the key count as nothing.

    Raises PhotoError, also for a value that the key does not name.
    """
    values = read_values(path)
    found = np.unique(values)
    unknown = [int(value) for value in found if int(value) not in key.meanings]
    if unknown:
        what = (
            f"{len(found)} values where classes were meant: save it as PNG, without smoothing"
            if len(unknown) > _FEW_LEVELS
            else f"the value {_shown(unknown[0])}, which {CLASSES_FILE} does not name: name it "
            f"there, “{BACKGROUND}” if it is none"
        )
        raise PhotoError(f"“{path.name}” holds {what}.")
    numbers = {name: number for number, name in enumerate(names, 1)}
    meant = [numbers.get(key.meanings[int(value)], 0) for value in found]
    classes: ClassMask = np.array(meant, np.uint8)[np.searchsorted(found, values)]
    return classes


def read_damage(path: Path, classes_path: Path | None) -> CrackMask:
    """What a mask marks (H, W), of any class that a `classes.json` names; None: there is none.

    Raises PhotoError, and DatasetError where that file is wrong.
    """
    if classes_path is None:
        return read_mask(path)
    key = read_key(classes_path)
    return read_classes(path, key, key.names) > 0


def read_cracks(path: Path, classes_path: Path | None) -> CrackMask:
    """As `read_damage`, of cracks alone where any of the classes is called so."""
    if classes_path is None:
        return read_mask(path)
    key = read_key(classes_path)
    return read_classes(path, key, (CRACK,) if CRACK in key.names else key.names) > 0


def _key_among(masks: Sequence[Path]) -> ClassKey | None:
    levels: set[int] = set()
    are_even = False
    for path in masks:
        try:
            values = read_values(path)
        except PhotoError:
            continue
        found = np.unique(values)
        levels |= {int(value) for value in found if value}
        if len(levels) > _FEW_LEVELS:
            return None
        are_even = are_even or any(_is_even(values == level) for level in found[1:-1])
    if not are_even:
        return None
    return ClassKey({0: BACKGROUND} | {v: f"class {i}" for i, v in enumerate(sorted(levels), 1)})


def _is_even(area: NDArray[np.bool_]) -> bool:
    """Whether it fills a square of 3 x 3 somewhere, as soft edges do not."""
    # what lies beyond the border is none of it: an edge that runs along it would be thick
    inner = cv2.erode(area.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    return bool(inner.any())


def _name(given: object) -> str:
    """In Unicode's form C, which not every editor writes. Raises DatasetError."""
    if not isinstance(given, str):
        raise _wrong("a name is no text")
    name = unicodedata.normalize("NFC", given)
    return BACKGROUND if name.casefold() == BACKGROUND else name


def _value(text: str) -> int:
    """Raises DatasetError."""
    colour = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if colour:
        red, green, blue = (int(part, 16) for part in colour.groups())
        return red if red == green == blue else int(colour_value(red, green, blue))
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise _wrong(
            f"{shortened(text)!r} is no value: write a gray level as 1, or a colour as #ff0000"
        )
    return int(text)


def _shown(value: int) -> str:
    return str(value) if value < 1 << 24 else f"#{value & 0xFFFFFF:06x}"


def _wrong(why: str) -> DatasetError:
    return DatasetError(
        f"The names of classes in {CLASSES_FILE} cannot be used: {why}; write "
        '{"1": "crack", "2": "joint"}.'
    )
