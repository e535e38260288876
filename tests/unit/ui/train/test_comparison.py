"""What two runs say beside each other, and what they see in the same photos."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crackdemo.runs.folder import EpochReport
from crackdemo.runs.quality import Quality
from crackdemo.ui.train.comparison import comparison
from crackdemo.ui.train.side_by_side import side_by_side
from crackdemo.ui.workbench import Workbench
from tests.unit.ui.train.runs import finish, job, report


def measured(epochs: Sequence[EpochReport], values: Sequence[float]) -> tuple[EpochReport, ...]:
    return tuple(
        replace(epoch, metric="pixel_ods", value=value)
        for epoch, value in zip(epochs, values, strict=True)
    )


def test_two_runs_are_compared_in_what_differs() -> None:
    table = comparison(job(epochs=2, patience=1), job("other", patience=2))
    assert "<tr><th>patience</th><td>1</td><td>2</td></tr>" in table
    assert "best validation loss" in table
    assert "seed" not in table and "result" not in table


def test_what_came_with_the_weights_is_no_setting_that_differs() -> None:
    one, other = ({"evidence": {"r0": r0}, "share": r0} for r0 in (0.1, 0.2))
    table = comparison(job(heatmap=one), job("other", heatmap=other))
    assert "evidence" not in table and "<th>heatmap, share</th>" in table


def test_lists_that_lie_in_lists_without_end_are_compared() -> None:
    deep: list[object] = []
    for _ in range(600):
        deep = [deep]
    assert "<th>channels</th>" in comparison(job(channels=deep), job("other", channels=[1]))


def test_runs_without_weights_are_not_offered_the_same_photos() -> None:
    failed = job("other", state="failed", family="vae")
    assert "give photos below" not in comparison(job(family="cae"), failed)
    assert "give photos below" in comparison(job(family="cae"), job("other", family="vae"))


def test_a_classifiers_result_is_what_it_noted() -> None:
    both = (job(family="classifier"), job("other", family="classifier"))
    assert "<th>result</th><td>why &lt;b&gt;</td>" in comparison(*both)


def test_numbers_are_told_in_four_digits() -> None:
    table = comparison(job(learning_rate=0.00123456789), job("other", learning_rate=0.002))
    assert "<tr><th>learning rate</th><td>0.001235</td><td>0.002</td></tr>" in table


def test_losses_of_other_parts_or_photos_are_not_compared() -> None:
    parts = comparison(job(beta=1), job("other", beta=2))
    photos = comparison(job(), replace(job("other"), data=(Path("elsewhere"),)))
    for told, why in ((parts, "mean different things (beta)"), (photos, "different photos")):
        assert why in told
        assert "best validation loss" not in told


def test_photos_that_were_brought_twice_are_the_same() -> None:
    """Each run has them in a folder of its own."""
    first, same, other, unread = (
        replace(job(name), data=(Path(name),), uploads=uploads)
        for name, uploads in (("a", ("1",)), ("b", ("1",)), ("c", ("2",)), ("d", ()))
    )
    assert "best validation loss" in comparison(first, same)
    for different in (other, unread, replace(same, data=(Path("b"), Path("elsewhere")))):
        assert "different photos" in comparison(first, different)
    assert "different photos" in comparison(unread, replace(unread, data=(Path("e"),)))


def test_a_fit_from_no_weights_says_so_where_another_has_some() -> None:
    table = comparison(job(start="cae-asphalt"), job("other", start=""))
    assert "<tr><th>start</th><td>cae-asphalt</td><td>–</td></tr>" in table


def test_two_families_are_compared_in_results_and_in_settings_that_both_have() -> None:
    first = job(family="cae", seed=1, objective="healing", network={"channels": [8, 4]})
    first = replace(first, quality=(Quality("street", 0.84, 0.8, 0.003, 2, 40),))
    second = job("lanes", family="segmenter", seed=2, network={"channels": [16]}, patience=3)
    second = replace(second, history=measured([report(1), report(2)], [0.7, 0.6]))
    told = comparison(first, second)
    assert "different families" in told
    assert "<th>family</th><td>cae</td><td>segmenter</td>" in told
    assert "finds 84 % of painted cracks, marks 0.3 % of sound surface" in told
    assert "pixel ODS 0.700 on validation photos" in told
    assert "<th>network, channels</th><td>8, 4</td><td>16</td>" in told
    for name in ("objective", "patience", "best validation loss"):
        assert name not in told


def test_views_that_one_run_lacks_leave_their_place_empty(
    bench: Workbench,
    tiny_checkpoint: Path,
    classes_checkpoint: Path,
    tmp_path: Path,
    save_photo: Callable[[Path], Path],
) -> None:
    for name, made in (("street", tiny_checkpoint), ("lanes", classes_checkpoint)):
        finish(bench, name, made)
    told = side_by_side(bench, [save_photo(tmp_path / "a.png")], ["street", "lanes"])
    rows = [re.findall("<(img|span)", row) for row in told.split("class='views'")[1:]]
    assert rows == [["img"] * 4, ["img", "span", "img", "img"]]


@pytest.mark.parametrize(("given", "said"), [(8, ""), (9, "The first 8 of 9 photos")])
def test_so_many_photos_are_shown(bench: Workbench, tmp_path: Path, given: int, said: str) -> None:
    told = side_by_side(bench, [tmp_path / f"{i}.png" for i in range(given)], ["none"])
    assert told.count("<h4>") == 8
    assert said in told and ("The first" in told) == bool(said)
