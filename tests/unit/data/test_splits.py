import hashlib

import pytest

from crackdemo.data.splits import split_of


def test_the_split_is_the_formula_of_the_data_sets():
    for name in [*(f"sut_crack/{i}" for i in range(300)), "metu/clean/00001", "ü/ä b"]:
        tenth = int(hashlib.sha256(f"{name}".encode()).hexdigest(), 16) % 10
        expected = {0: "test", 1: "test", 2: "validation"}.get(tenth, "train")
        assert split_of(name) == expected


def test_a_tenth_is_validation_and_two_are_test():
    splits = [split_of(f"set/{i}") for i in range(5000)]
    assert splits.count("test") == pytest.approx(1000, rel=0.1)
    assert splits.count("validation") == pytest.approx(500, rel=0.15)
