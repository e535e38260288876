"""A visitor's photos, scored in their turn, without a browser."""

import errno
import itertools
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from crackdemo.checkpoints.names import weights_in
from crackdemo.errors import CheckpointError
from crackdemo.ui.inspect.film import film_data
from crackdemo.ui.inspect.judging import judge_photos
from crackdemo.ui.inspect.scoring import Roll, score_photos
from crackdemo.ui.inspect.session import Session, settings_of
from crackdemo.ui.limits import Limits
from crackdemo.ui.uploads import Upload
from crackdemo.ui.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path, tiny_checkpoint: Path) -> Workbench:
    """With one finished run, `street`."""
    run = tmp_path / "runs" / "street"
    shutil.copytree(tiny_checkpoint, run / "checkpoint")
    (run / "config.json").write_text('{"fit": {}, "data": []}')
    (run / "status.json").write_text('{"status": "done"}')
    return Workbench(tmp_path / "scratch", runs=tmp_path / "runs")


@pytest.fixture
def uploads(tmp_path: Path, save_photo: Callable[..., Path]) -> list[Upload]:
    paths = [save_photo(tmp_path / f"{name}.png") for name in "ab"]
    return [Upload(path, path.name) for path in paths]


def scored(bench: Workbench, uploads: list[Upload], before: Roll | None = None) -> Roll:
    steps = list(score_photos(bench, uploads, "street", before or Roll(), None, lambda: False))
    return steps[-1].roll


def fit_again(bench: Workbench) -> None:
    """The run is deleted and another one of its name done, whose scores differ."""
    assert bench.jobs is not None
    run = bench.jobs.folder / "street"
    config = (run / "checkpoint" / "config.json").read_text()
    weights = (run / "checkpoint" / "model.safetensors").read_bytes()
    bench.jobs.delete("street")
    (run / "checkpoint").mkdir(parents=True)
    (run / "config.json").write_text('{"fit": {}, "data": []}')
    (run / "status.json").write_text('{"status": "done"}')
    (run / "checkpoint" / "model.safetensors").write_bytes(weights)
    (run / "checkpoint" / "config.json").write_text(config.replace('"r0": 0.08', '"r0": 0.02'))


def test_more_photos_than_may_be_open_at_once_are_said(
    tmp_path: Path, tiny_checkpoint: Path, uploads: list[Upload]
) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "shipped" / "tiny")
    bench = Workbench(tmp_path / "scratch", shipped=tmp_path / "shipped", limits=Limits(photos=1))
    *_, last = score_photos(bench, uploads, "tiny", Roll(), None, lambda: False)
    assert [entry.upload for entry in last.roll.entries] == uploads[:1]
    (problem,) = last.roll.problems
    assert problem.upload == uploads[1]
    assert problem.reason.startswith("b.png was not scored: at most 1 photos are open at once")


class FullBench(Workbench):
    """Of a server whose disk is full."""

    def score(self, *given: Any, **named: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "no room")


def test_on_a_full_disk_nobody_is_told_to_change_his_photo(
    tmp_path: Path, tiny_checkpoint: Path, uploads: list[Upload]
) -> None:
    shutil.copytree(tiny_checkpoint, tmp_path / "shipped" / "tiny")
    bench = FullBench(tmp_path / "scratch", shipped=tmp_path / "shipped")
    *_, last = score_photos(bench, uploads[:1], "tiny", Roll(), None, lambda: False)
    (problem,) = last.roll.problems
    assert "lack of disk space on the server" in problem.reason and "pixels" not in problem.reason
    assert last.is_cut_short  # once there is room it can go on


def test_what_is_scored_already_is_kept(bench: Workbench, uploads: list[Upload]) -> None:
    first = scored(bench, uploads[:1])
    assert scored(bench, uploads, first).entries[0] is first.entries[0]


def test_a_run_that_was_fitted_again_under_its_name_scores_anew(
    bench: Workbench, uploads: list[Upload]
) -> None:
    before = scored(bench, uploads)
    fit_again(bench)
    after = scored(bench, uploads, before)
    assert after.weights != before.weights
    assert all(
        new.score > old.score for new, old in zip(after.entries, before.entries, strict=True)
    )


def test_scores_of_a_run_that_is_gone_are_never_mixed_with_those_of_its_successor(
    bench: Workbench, uploads: list[Upload], tmp_path: Path
) -> None:
    before = scored(bench, uploads[:1])
    fit_again(bench)
    assert before.weights is not None
    fresh = Workbench(tmp_path / "other", runs=bench.runs)  # has nothing of the old run in memory
    with pytest.raises(CheckpointError, match="“street” have changed: choose them again"):
        fresh.score(uploads[0].path, before.weights)
    now = weights_in(before.weights.folder, "street")
    assert fresh.score(uploads[0].path, now).detection.score > before.entries[0].score


def test_the_film_strip_opens_no_photo(bench: Workbench, uploads: list[Upload]) -> None:
    roll = scored(bench, uploads)
    for upload in uploads:
        upload.path.unlink()
    bench.photos._memory.clear()
    thumbnails, data = film_data(roll, known=())
    assert [entry["name"] for entry in data["entries"]] == ["a.png", "b.png"]
    assert all(Path(file).read_bytes()[:2] == b"\xff\xd8" for file in thumbnails)


def test_thumbnails_that_the_page_has_are_not_sent_again(
    bench: Workbench, uploads: list[Upload]
) -> None:
    roll = scored(bench, uploads)
    _, first = film_data(roll, known=())
    thumbnails, data = film_data(roll, known=first["fresh"])
    assert (thumbnails, data["fresh"]) == ([], [])
    assert data["entries"] == first["entries"]


def test_photos_are_judged_as_their_table_says(bench: Workbench, uploads: list[Upload]) -> None:
    roll = scored(bench, uploads)
    own = {**asdict(bench.own_mask("street")), "opacity": 0.5, "mm_per_px": 0}
    for threshold in (0.3, 1.0):
        session = Session(roll)
        settings = settings_of({**own, "threshold": threshold}, "", session)
        names = ["b.png", "gone.png", "a.png"]
        steps = list(judge_photos(bench, session, settings, names, lambda: False))
        judged = {name: one for step in steps for name, one in step.items()}
        assert list(judged) == ["b.png", "a.png"]
        state = "check" if threshold == 1 else "crack"
        assert {one["state"] for one in judged.values()} == {state}
        assert all(str(one["mask"]).startswith("data:image/png;base64,") for one in judged.values())
    assert list(judge_photos(bench, session, settings, names, lambda: True)) == [{}]
    ticks = itertools.count()
    steps = list(judge_photos(bench, session, settings, names, lambda: False, lambda: next(ticks)))
    # gradio's page may draw the last of several steps alone
    assert [len(step) for step in steps] == [1, 2, 2]
    often = names * 30_000  # as no page asks; each is judged once
    assert len(list(judge_photos(bench, session, settings, often, lambda: False))) == 1


def test_of_a_classifier_it_is_said_what_its_heatmap_is(
    tmp_path: Path, uploads: list[Upload]
) -> None:
    bench = Workbench(tmp_path / "scratch")
    *_, last = score_photos(bench, uploads, "classifier-concrete", Roll(), None, lambda: False)
    assert last.message == (
        "2 photos scored with classifier-concrete. Its heatmap shows where the network looks, "
        "which is not a crack’s outline."
    )
    *_, last = score_photos(bench, uploads, "cae-concrete", Roll(), None, lambda: False)
    assert last.message == "2 photos scored with cae-concrete."
