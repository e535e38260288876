import pytest

from crackdemo.runs.numbers import amount, count, number, share


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), 10**400, 1e300])
def test_what_is_no_number_is_none_of_any_kind(value: object) -> None:
    for read in (number, amount, count, share):
        with pytest.raises(ValueError):
            read(value)


def test_only_what_can_be_counted_is_a_count_and_only_a_part_a_share() -> None:
    assert (number(-1), amount(0.5), count(7), share(1)) == (-1.0, 0.5, 7, 1.0)
    for read, value in ((amount, -0.5), (count, -1), (share, -0.1), (share, 1.1)):
        with pytest.raises(ValueError):
            read(value)


def test_a_sum_of_shares_that_rounding_took_above_the_whole_is_the_whole() -> None:
    assert share(1 + 3e-16) == 1
