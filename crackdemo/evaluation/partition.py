"""The concrete study's partition of clean and cracked photos, proven free of overlap.

Clean photos: 80 % train, 10 % validation, 10 % test. Cracked ones: 10 % validation, 90 % test. The
external set is another folder's or, where there is none, set aside first: a quarter of the clean
and three quarters of the cracked photos, as in the study. Photos are placed by the hash of their
content, so that byte copies cannot fall apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from crackdemo.data.labelled import LabelledPhoto
from crackdemo.errors import DatasetError
from crackdemo.files import sha256_of

Part: TypeAlias = Literal["train", "validation", "test", "external"]
PARTS: tuple[Part, ...] = get_args(Part)
Shares: TypeAlias = tuple[tuple[Part, float], ...]

EXTERNAL_SHARE = {False: 0.25, True: 0.75}
"""Of the photos, by whether they are cracked."""
SHARES: dict[bool, Shares] = {
    False: (("train", 0.8), ("validation", 0.1), ("test", 0.1)),
    True: (("validation", 0.1), ("test", 0.9)),
}
"""Of what is not external, by whether it is cracked."""


@dataclass(frozen=True)
class Member:
    """A photo in its part."""

    photo: LabelledPhoto
    """The photo and its label."""
    sha256: str
    """Of its content."""
    part: Part
    """Where it belongs."""

    @property
    def path(self) -> Path:
        return self.photo.source.path


@dataclass(frozen=True)
class Partition:
    """All photos of a study."""

    members: list[Member]
    """Each once."""
    notes: list[str]
    """What was left out, and why."""

    def part(self, part: Part, cracked: bool | None = None) -> list[Member]:
        """Of one part, of both labels or of one."""
        wanted = (cracked,) if cracked is not None else (False, True)
        return [m for m in self.members if m.part == part and m.photo.cracked in wanted]

    @property
    def overlap(self) -> int:
        """Contents that stand in several parts; 0 is what the study needs."""
        parts: dict[str, set[Part]] = {}
        for member in self.members:
            parts.setdefault(member.sha256, set()).add(member.part)
        return sum(len(found) > 1 for found in parts.values())


def make_partition(
    photos: Iterable[LabelledPhoto], external: Iterable[LabelledPhoto] | None = None
) -> Partition:
    """Places every photo that is labelled as a whole.

    Raises DatasetError where a part that the study needs would be empty.
    """
    notes: list[str] = []
    outside = _once(external or [], notes)
    inside = {sha: photo for sha, photo in _once(photos, notes).items() if sha not in outside}
    members = [Member(photo, sha, "external") for sha, photo in outside.items()]
    for cracked in (False, True):
        label = "cracked" if cracked else "clean"
        hashes = sorted(sha for sha, photo in inside.items() if photo.cracked == cracked)
        if external is None:
            count = round(EXTERNAL_SHARE[cracked] * len(hashes))
            # by the end of the hash, so that the rest is not all at one end of its beginning
            aside = sorted(hashes, key=lambda sha: sha[::-1])[:count]
            members += [Member(inside[sha], sha, "external") for sha in aside]
            hashes = sorted(set(hashes) - set(aside))
        members += [
            Member(inside[sha], sha, part)
            for sha, part in zip(hashes, _parts(len(hashes), SHARES[cracked]), strict=True)
        ]
        for part in ("external", *(part for part, _ in SHARES[cracked])):
            if not any(m.part == part and m.photo.cracked == cracked for m in members):
                raise DatasetError(
                    f"No {label} photo is left for the {part} part: the study needs at least 20 "
                    "clean and 20 cracked photos in clean/ and cracked/."
                )
    return Partition(members, notes)


def _once(photos: Iterable[LabelledPhoto], notes: list[str]) -> dict[str, LabelledPhoto]:
    """The first of each content; one that is labelled both ways is left out."""
    found: dict[str, LabelledPhoto] = {}
    contradictory: set[str] = set()
    for photo in photos:
        if photo.mask_path is not None:
            continue
        try:
            sha = sha256_of(photo.source.path)
        except OSError:
            notes.append(f"{photo.source.file} cannot be read and is left out.")
            continue
        first = found.setdefault(sha, photo)
        if first is not photo and first.cracked != photo.cracked:
            contradictory.add(sha)
            notes.append(
                f"{photo.source.file} is the same photo as {first.source.file}, but labelled "
                "otherwise: both are left out."
            )
        elif first is not photo:
            notes.append(f"{photo.source.file} is a copy of {first.source.file} and left out.")
    return {sha: photo for sha, photo in found.items() if sha not in contradictory}


def _parts(count: int, shares: Shares) -> Sequence[Part]:
    """Of so many photos, in order: each part's share, rounded; the last takes what is left."""
    parts: list[Part] = []
    for part, share in shares[:-1]:
        parts += [part] * max(1, round(share * count))
    last = shares[-1][0]
    return [*parts[:count], *[last] * (count - len(parts))]
