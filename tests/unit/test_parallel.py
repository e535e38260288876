import threading
from collections.abc import Iterator

import pytest

from crackdemo.parallel import in_order


class Counted:
    """Numbers, of which it is known how many were taken."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    def __iter__(self) -> Iterator[int]:
        for each in range(self.number):
            self.taken += 1
            yield each


def test_results_come_in_order_though_the_first_takes_longest():
    others_done = threading.Barrier(3)

    def work(number: int) -> int:
        if number < 3:
            others_done.wait(10)
        return number * number

    assert list(in_order(work, range(20), 3, 2)) == [n * n for n in range(20)]


@pytest.mark.parametrize("threads, ahead", [(1, 0), (1, 1), (3, 2)])
def test_no_more_is_taken_than_may_wait(threads, ahead):
    items = Counted(30)
    results = in_order(lambda n: n, items, threads, ahead)
    for number in range(10):
        assert next(results) == number
        assert items.taken <= number + threads + ahead
    results.close()
    assert items.taken <= 10 + threads + ahead


def test_what_work_raises_comes_in_its_place():
    def work(number: int) -> int:
        return 10 // (number - 2)

    results = in_order(work, range(5), 2, 2)
    assert [next(results), next(results)] == [-5, -10]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_whoever_stops_early_ends_what_runs():
    stopping, begun = threading.Event(), threading.Event()

    def work(number: int) -> int:
        if number:
            begun.set()
            assert stopping.wait(10)
        return number

    results = in_order(work, range(5), 1, 1, stopping.set)
    assert next(results) == 0
    assert begun.wait(10)
    results.close()
    assert stopping.is_set()


def test_nobody_is_told_to_give_up_who_comes_to_an_end():
    assert list(in_order(abs, [1, -2], 2, 2, lambda: pytest.fail("told"))) == [1, 2]
