import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED, shipped_names
from crackdemo.errors import WeightsError
from crackdemo.masks.params import MaskParams
from crackdemo.ui.limits import Limits
from crackdemo.ui.train.fits import describe
from crackdemo.ui.train.settings import starts
from crackdemo.ui.workbench import Workbench
from tests.hub_standin import HubStandIn


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "scratch", runs=tmp_path / "runs")


def finished_run(bench: Workbench, name: str) -> Path:
    """A run folder whose fit is done, with shipped weights in it."""
    assert bench.runs is not None
    run = bench.runs / name
    shutil.copytree(SHIPPED / DEFAULT_WEIGHTS, run / "checkpoint")
    (run / "config.json").write_text("{}")
    (run / "status.json").write_text('{"status": "done"}')
    return run


def test_shipped_weights_and_finished_fits_stand_in_one_list(bench: Workbench) -> None:
    assert bench.weights_names() == shipped_names()
    finished_run(bench, "my-street")
    assert bench.weights_names() == [*shipped_names(), "my-street"]
    assert bench.resolve(" my-street ").name == "my-street"


def test_a_fit_named_as_shipped_weights_takes_nothing_from_them(bench: Workbench) -> None:
    run = finished_run(bench, DEFAULT_WEIGHTS)  # as the command of its card makes one
    (run / "config.json").write_text('{"fit": {"family": "cae"}, "data": []}')
    assert bench.weights_names() == shipped_names()
    assert bench.resolve(DEFAULT_WEIGHTS).folder == SHIPPED / DEFAULT_WEIGHTS
    assert bench.jobs is not None
    job = bench.jobs.job(DEFAULT_WEIGHTS)
    assert job.has_weights and not job.is_choosable
    assert bench.jobs.weights(DEFAULT_WEIGHTS) is None
    assert "Rename or delete" in describe(job, None)
    assert starts("cae", [job]) == starts("cae")
    run.rename(run.with_name("again"))
    assert bench.weights_names() == [*shipped_names(), "again"]
    job = bench.jobs.job("again")
    assert "Rename or delete" not in describe(job, None)
    assert ("again", "again") in starts("cae", [job])


def test_without_a_folder_of_runs_there_is_no_training(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    assert bench.jobs is None
    assert bench.weights_names() == shipped_names()


def test_weights_bring_their_own_mask_settings(bench: Workbench) -> None:
    own = bench.config(bench.resolve(DEFAULT_WEIGHTS)).mask
    assert bench.own_mask(DEFAULT_WEIGHTS) == own
    assert bench.own_mask("/no/such/folder") == MaskParams()
    with pytest.raises(WeightsError):
        bench.resolve("/no/such/folder")


@pytest.mark.parametrize("given", [None, 7, [], {}])
def test_what_is_no_name_names_no_weights(bench: Workbench, given: Any) -> None:
    with pytest.raises(WeightsError, match="There are no weights"):
        bench.resolve(given)


def test_a_network_is_loaded_once(bench: Workbench) -> None:
    weights = bench.resolve(DEFAULT_WEIGHTS)
    assert bench.detector(weights) is bench.detector(weights)


def test_a_fit_of_the_same_name_that_was_fitted_again_is_loaded_anew(bench: Workbench) -> None:
    run = finished_run(bench, "my-street")
    before = bench.detector(bench.resolve("my-street"))
    os.utime(run / "checkpoint" / "model.safetensors", ns=(0, 1))
    assert bench.detector(bench.resolve("my-street")) is not before


class Clock:
    """Time that a test lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(bench: Workbench) -> Clock:
    bench.clock = Clock()
    return bench.clock


def exported(bench: Workbench) -> Path:
    with bench.export_folder() as folder:
        (folder / "a.png").write_bytes(b"photo")
    return folder


def test_export_folders_make_room_when_they_are_old_and_many(
    bench: Workbench, clock: Clock
) -> None:
    folders = []
    for _ in range(40):
        folders.append(exported(bench))
        clock.now += 1
    assert all(folder.is_dir() for folder in folders)  # somebody may copy them still
    clock.now += 600
    last = exported(bench)
    there = [folder.is_dir() for folder in [*folders, last]]
    assert there == sorted(there)
    assert sum(there) == 32


def test_an_export_folder_that_is_being_written_is_never_removed(
    bench: Workbench, clock: Clock
) -> None:
    with bench.export_folder() as folder:
        for _ in range(100):
            clock.now += 3600
            exported(bench)
        (folder / "a.png").write_bytes(b"photo")
    exported(bench)
    assert (folder / "a.png").is_file()


def test_an_export_that_fails_leaves_nothing(bench: Workbench) -> None:
    with pytest.raises(OSError, match="full"), bench.export_folder() as folder:
        (folder / "a.png").write_bytes(b"half")
        raise OSError("full")
    assert not folder.exists()


def test_what_a_visitor_brings_is_gone_at_the_end_and_nothing_else_is(bench: Workbench) -> None:
    with bench.intake_folder() as other:
        with bench.intake_folder() as folder:
            (folder / "a.png").write_bytes(b"photo")
        assert not folder.exists()
        assert other.is_dir()
        for _ in range(40):
            exported(bench)
        assert other.is_dir()


def test_a_folder_whose_links_lead_out_is_not_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (inside / "good" / "clean", inside / "linked", inside / "near", outside):
        folder.mkdir(parents=True)
    (inside / "linked" / "clean").symlink_to(outside)
    (inside / "near" / "clean").symlink_to(inside / "good" / "clean")
    bench = Workbench(tmp_path / "scratch", (inside,))
    assert bench.allowed_folder(f" {inside / 'good'} ") == inside / "good"
    assert bench.allowed_folder(str(inside / "near")) == inside / "near"
    for text in (inside / "linked", outside, inside / "linked" / "clean", "", "\0", "no such"):
        assert bench.allowed_folder(str(text)) is None


def test_what_a_visitor_who_left_brought_is_removed(tmp_path: Path) -> None:
    uploads = tmp_path / "scratch" / "gradio"
    bench = Workbench(tmp_path / "scratch", uploads=uploads)
    uploads.mkdir()
    files = [uploads / name for name in ("anns.png", "bobs.png", "new.png")]
    for file in files:
        file.write_bytes(b"photo")
    for file in files[:2]:
        os.utime(file, (0, 0))
    bench.holdings.hold("ann", files[:1])
    bench.holdings.hold("bob", files[1:2])
    with bench.audience.listening("page ann"):
        bench.tidy()
        assert [file.exists() for file in files] == [True, False, True]


def test_weights_that_would_hold_the_machine_are_refused(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    with HubStandIn() as hub:
        hub.add_repo("a/b", {file.name: file.read_bytes() for file in tiny_checkpoint.iterdir()})
        limits = Limits(macs_per_pixel=10)
        more = {"hub_cache": tmp_path / "hub", "endpoint": hub.endpoint}
        slow = Workbench(tmp_path / "scratch", limits=limits, **more)
        with pytest.raises(WeightsError, match=r"a/b.*multiply-adds.*at most 10"):
            slow.resolve("a/b")
        assert Workbench(tmp_path / "scratch", **more).resolve("a/b").name == "a/b"
