"""Enough photos choose, of each class one, and none of the tests is taken for that."""

from dataclasses import replace
from pathlib import Path

from crackdemo.data.folders import Sample
from crackdemo.data.splits import split_of
from crackdemo.training.segmentation.parts import FEW, parted


def photos(count: int, place: str = "road") -> list[Sample]:
    names = [f"{place}/{number:03}" for number in range(count)]
    return [Sample(Path(name), name, split_of(name), Path(name)) for name in names]


def of(samples: list[Sample], split: str) -> set[str]:
    return {sample.name for sample in samples if sample.split == split}


def cracks(sample: Sample) -> frozenset[str]:
    return frozenset(["crack"])


def by_number(sample: Sample) -> frozenset[str]:
    """Five classes, of which each photo shows one."""
    return frozenset([f"class {int(sample.name[-3:]) % 5}"])


def classes_of(samples: list[Sample], split: str) -> set[str]:
    return {name for sample in samples if sample.split == split for name in by_number(sample)}


def test_of_forty_photos_of_five_classes_all_choose() -> None:
    for place in ("road", "wall", "yard", "deck", "quay"):
        given = photos(40, place)
        found = parted(given, by_number)
        assert len(of(found, "validation")) >= 4
        assert classes_of(found, "validation") == classes_of(found, "train")
        assert len(classes_of(found, "train")) == 5
        assert of(found, "test") == of(given, "test")
        assert of(found, "validation") >= of(given, "validation")
        assert parted(given, by_number) == found == parted(found, by_number)


def test_what_is_enough_stays_as_it_is() -> None:
    given = photos(400)
    assert len(of(given, "validation")) >= 0.1 * (400 - len(of(given, "test")))
    assert parted(given, by_number) == given


def test_a_tenth_chooses_at_least() -> None:
    given = [replace(sample, split="train") for sample in photos(101)]
    assert len(of(parted(given, cracks), "validation")) == 11
    assert len(of(parted(given[:20], cracks), "validation")) == 4
    assert len(of(parted(given[:19], cracks), "validation")) == 2


def test_the_last_photo_of_a_class_is_left_to_learn_from() -> None:
    given = [replace(sample, split="train") for sample in photos(30)]

    def shown(sample: Sample) -> frozenset[str]:
        number = int(sample.name[-3:])
        return frozenset(["crack", "rare"] if number == 7 else ["crack"])

    for rare in range(30):
        found = parted(given[rare:] + given[:rare], shown)
        assert "road/007" in of(found, "train") and len(of(found, "validation")) == 4


def test_what_a_person_has_split_stays_however_few_or_one_sided() -> None:
    for count in (FEW - 6, 40):
        given = [replace(s, split="train", is_given=True) for s in photos(count)]
        given[0] = replace(given[0], split="validation")
        given[1] = replace(given[1], split="test")
        assert parted(given, by_number) == given


def test_of_a_few_a_quarter_chooses_and_none_is_for_tests() -> None:
    found = parted(photos(FEW), cracks)
    assert (len(of(found, "validation")), len(of(found, "train"))) == (3, 9)
    assert {len(of(parted(photos(3), cracks), split)) for split in ("validation", "train")} == {
        1,
        2,
    }


def test_of_a_few_some_that_show_a_crack_choose() -> None:
    given = photos(8)
    quarter = of(parted(given, cracks), "validation")

    def shown(sample: Sample) -> frozenset[str]:
        return frozenset() if sample.name in quarter else frozenset(["crack"])

    chosen = of(parted(given, shown), "validation")
    assert len(chosen) == 2 and len(chosen & quarter) == 1


def test_of_a_few_none_is_the_last_of_a_class_to_learn_from() -> None:
    for count in range(4, FEW + 1):
        given = photos(count)
        by_hash = [sample.name for sample in parted(given, cracks)]
        for rare in (by_hash[:2], by_hash[1:3], by_hash[-2:]):

            def shown(sample: Sample, rare: list[str] = rare) -> frozenset[str]:
                return frozenset(["rust"] if sample.name in rare else [])

            found = parted(given, shown)
            for split in ("validation", "train"):
                assert len(of(found, split) & set(rare)) == 1, (count, rare)


def test_one_chooses_even_where_each_is_the_only_one_of_its_class() -> None:
    found = parted(photos(5), by_number)
    assert len(of(found, "validation")) == 1 and len(of(found, "train")) == 4
    assert of(parted(photos(1), cracks), "train") == {"road/000"}
