from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from crackdemo.data.labelled import find_labelled
from crackdemo.errors import DatasetError
from crackdemo.evaluation.partition import make_partition


def wall(folder: Path, clean: int, cracked: int, first: int = 0) -> Path:
    for label, count in (("clean", clean), ("cracked", cracked)):
        (folder / label).mkdir(parents=True)
        for number in range(first, first + count):
            (folder / label / f"{number}.jpg").write_text(f"{label} {number}")
    return folder


def counts(partition) -> dict[tuple[str, bool], int]:
    return dict(Counter((member.part, member.photo.cracked) for member in partition.members))


def test_the_shares_are_those_of_the_study(tmp_path: Path) -> None:
    partition = make_partition(find_labelled(wall(tmp_path, 400, 800)))
    assert counts(partition) == {
        ("external", False): 100,
        ("train", False): 240,
        ("validation", False): 30,
        ("test", False): 30,
        ("external", True): 600,
        ("validation", True): 20,
        ("test", True): 180,
    }
    assert partition.overlap == 0
    assert len({member.sha256 for member in partition.members}) == 1200
    assert partition.part("train", cracked=True) == []
    assert len(partition.part("test")) == 210


def test_the_same_photos_fall_alike_whatever_their_names(tmp_path: Path) -> None:
    first = make_partition(find_labelled(wall(tmp_path / "a", 60, 60)))
    other = wall(tmp_path / "b", 60, 60)
    for number, path in enumerate(sorted((other / "clean").iterdir())):
        path.rename(path.with_name(f"renamed {number}.jpg"))
    second = make_partition(find_labelled(other))
    assert {m.sha256: m.part for m in first.members} == {m.sha256: m.part for m in second.members}


def test_an_external_folder_is_kept_apart(tmp_path: Path) -> None:
    inside = find_labelled(wall(tmp_path / "a", 100, 100))
    outside = find_labelled(wall(tmp_path / "b", 20, 20, first=90))  # ten of each are in both
    partition = make_partition(inside, outside)
    found = counts(partition)
    assert found["external", False] == found["external", True] == 20
    assert found["train", False] == 72
    assert partition.overlap == 0
    assert len(partition.members) == 2 * (20 + 90)


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    folder = wall(tmp_path, 40, 40)
    (folder / "clean" / "copy.jpg").write_text("clean 3")
    (folder / "cracked" / "both.jpg").write_text("clean 4")
    partition = make_partition(find_labelled(folder))
    assert len(partition.members) == 79
    assert any("copy.jpg is a copy of clean/3.jpg" in note for note in partition.notes)
    assert any("both are left out" in note for note in partition.notes)


def test_an_overlap_would_be_seen(tmp_path: Path) -> None:
    partition = make_partition(find_labelled(wall(tmp_path, 40, 40)))
    member = partition.part("train")[0]
    partition.members.append(replace(member, part="test"))
    assert partition.overlap == 1


@pytest.mark.parametrize(("clean", "cracked"), [(0, 40), (40, 0), (2, 40), (40, 1)])
def test_too_few_photos_are_refused(tmp_path: Path, clean: int, cracked: int) -> None:
    with pytest.raises(DatasetError, match="at least 20 clean and 20 cracked"):
        make_partition(find_labelled(wall(tmp_path, clean, cracked)))
