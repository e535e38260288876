"""What of a corrected photo a fit may learn from."""

import numpy as np
import pytest

from crackdemo.inspection.corrections import MARK, SIDE, corrected, is_corrected

HEIGHT, WIDTH = 1000, 1600


def photo_with(*marks: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """A photo in which every pixel is another one, and marks on it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    photo = np.stack([y % 256, x % 256, (y // 256) * 16 + x // 256], -1).astype(np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    for mark in marks:
        mask[mark] = True
    return photo, mask


def test_nothing_dropped_is_nothing_to_learn() -> None:
    photo, marked = photo_with((slice(10, 20), slice(10, 90)))
    assert corrected(photo, marked, marked) is None
    assert corrected(photo, ~marked, ~marked) is None


def test_the_surroundings_of_what_was_dropped_with_the_crack_that_was_left() -> None:
    crack, alarm = (slice(480, 490), slice(300, 1500)), (slice(500, 520), slice(900, 940))
    photo, marked = photo_with(crack, alarm)
    _, left = photo_with(crack)
    part = corrected(photo, marked, left)
    assert part is not None
    assert part.photo.shape == (SIDE, SIDE, 3)
    top, column = int(np.argmax((photo == part.photo[0, 0]).all(-1).any(1))), 920 - SIDE // 2
    rows, columns = slice(top, top + SIDE), slice(column, column + SIDE)
    assert np.array_equal(part.photo, photo[rows, columns])
    assert np.array_equal(part.mask, left[rows, columns])
    assert abs(510 - (top + SIDE // 2)) <= 1


def test_at_a_corner_and_of_a_small_photo_it_stays_inside() -> None:
    alarm = (slice(990, 1000), slice(1590, 1600))
    photo, marked = photo_with(alarm)
    part = corrected(photo, marked, np.zeros_like(marked))
    assert part is not None and np.array_equal(part.photo, photo[-SIDE:, -SIDE:])
    small = corrected(photo[900:, 1500:], marked[900:, 1500:], np.zeros((100, 100), np.bool_))
    assert small is not None and np.array_equal(small.photo, photo[900:, 1500:])


def test_false_alarms_far_apart_are_all_inside() -> None:
    photo, marked = photo_with((slice(5, 9), slice(5, 9)), (slice(980, 990), slice(1580, 1590)))
    part = corrected(photo, marked, np.zeros_like(marked))
    assert part is not None and part.photo.shape == (985, 1585, 3)


def test_outside_the_region_of_interest_nothing_is_taken() -> None:
    photo, marked = photo_with((slice(500, 510), slice(600, 610)))
    region = np.zeros_like(marked)
    region[300:900, 400:700] = True
    part = corrected(photo, marked, np.zeros_like(marked), region)
    assert part is not None and np.array_equal(part.photo, photo[300:900, 400:700])


@pytest.mark.parametrize(
    ("stem", "is_one"),
    [
        (f"km 0{MARK}", True),
        (f"upload/km 0{MARK} (12)", True),
        (f"km 0{MARK} (2) (3)", True),
        (f"km 0{MARK}(2)", True),
        (f"km 0{MARK} - Copy", True),
        ("km 0.Corrected", True),
        (f"km 0{MARK}\n", False),
        ("km 0", False),
        (f"km 0{MARK}-by-hand", False),
        ("km 0 corrected", False),
    ],
)
def test_a_correction_is_known_by_its_name(stem: str, is_one: bool) -> None:
    assert is_corrected(stem) == is_one
