import errno
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from crackdemo.errors import RunError, legible
from crackdemo.runs.folder import EpochReport, RunConfig, RunFolder, runs_in
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.quality import Alarms, Quality
from crackdemo.runs.status import Status

CONFIG = RunConfig({"family": "cae", "epochs": 4}, ["/data/sut_crack"])
REPORT = EpochReport(1, 4, 0.5, 0.25, 0.001, 1.5, True)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "a run")
    folder.create(CONFIG)
    return folder


class FullDisk(type(Path())):
    """A path to which nothing more can be written."""

    def write_text(self, *args: Any, **kwargs: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))


def names(run: RunFolder) -> list[str]:
    return sorted(path.name for path in run.path.iterdir())


def write_lines(run: RunFolder, *lines: str) -> None:
    (run.path / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines))


class TestConfig:
    def test_a_new_run_knows_its_settings_and_data(self, run: RunFolder) -> None:
        assert run.config() == CONFIG
        assert run.data() == [Path("/data/sut_crack")]
        told = json.loads((run.path / "config.json").read_text())
        assert told == {"fit": CONFIG.fit, "data": CONFIG.data, "minutes": None}

    def test_data_inside_the_run_are_found_wherever_it_is(self, tmp_path: Path) -> None:
        run = RunFolder(tmp_path / "a run")
        run.create(replace(CONFIG, data=["photos"]))
        assert run.data() == [run.path.resolve() / "photos"]

    def test_a_run_that_exists_is_not_overwritten(self, run: RunFolder) -> None:
        with pytest.raises(RunError, match="There is a run in “a run” already"):
            run.create(replace(CONFIG, minutes=9))
        assert run.config() == CONFIG

    @pytest.mark.parametrize(
        "part", ["last.safetensors", "metrics.jsonl", "status.json", "checkpoint"]
    )
    def test_nor_what_is_left_of_one(self, tmp_path: Path, part: str) -> None:
        (tmp_path / part).write_text("precious")
        with pytest.raises(RunError, match="There is a run in"):
            RunFolder(tmp_path).create(CONFIG)
        assert names(RunFolder(tmp_path)) == [part]
        assert (tmp_path / part).read_text() == "precious"

    def test_an_empty_folder_that_exists_can_become_a_run(self, tmp_path: Path) -> None:
        RunFolder(tmp_path).create(CONFIG)
        assert RunFolder(tmp_path).config() == CONFIG

    def test_one_that_cannot_be_written_leaves_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(TypeError):
            RunFolder(tmp_path).create(replace(CONFIG, fit={"no JSON": object()}))
        assert names(RunFolder(tmp_path)) == []

    def test_where_there_is_no_run_there_is_nothing_to_resume(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="no run in “nowhere”") as refused:
            RunFolder(tmp_path / "nowhere").config()
        assert str(tmp_path) not in str(refused.value)

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            "{}",
            "\udcff",
            "[" * 100_000,
            json.dumps({"fit": [], "data": []}),
            json.dumps({"fit": {}, "data": "road"}),
            json.dumps({"fit": {}, "data": [3]}),
            json.dumps({"fit": {}, "data": ["a\0b"]}),
            json.dumps({"fit": {"half": "\ud800"}, "data": []}),
            json.dumps({"fit": {}, "data": [], "minutes": "five"}),
            json.dumps({"fit": {}, "data": [], "minutes": True}),
            json.dumps({"fit": {}, "data": [], "minutes": float("nan")}),
            json.dumps({"fit": {}, "data": [], "minutes": 10**400}),
        ],
    )
    def test_a_wrong_one_is_refused_by_the_runs_name(self, run: RunFolder, text: str) -> None:
        (run.path / "config.json").write_text(text, errors="surrogateescape")
        with pytest.raises(RunError, match="“a run” is wrong") as refused:
            run.config()
        assert str(refused.value).endswith("): mend config.json in its folder, or start a new run.")

    def test_minutes_become_epochs(self, tmp_path: Path) -> None:
        run = RunFolder(tmp_path)
        run.create(replace(CONFIG, minutes=5))
        run.settle({"epochs": 7})
        assert run.config() == RunConfig({"epochs": 7}, CONFIG.data)


class TestStatus:
    def test_is_always_whole_and_says_whose_it_is(self, run: RunFolder) -> None:
        for status, message in (("running", ""), ("failed", "No photos.")):
            run.write_status(status, message)
            told = json.loads((run.path / "status.json").read_text())
            assert (told["status"], told["message"]) == (status, message)
            assert told["pid"] == os.getpid()
            assert run.status().message == message

    def test_on_a_full_disk_takes_the_place_of_the_one_before(self, run: RunFolder) -> None:
        run.write_status("running", "One photo was left out.")
        RunFolder(FullDisk(run.path)).write_status("failed")
        assert (run.status().status, run.status().message) == ("failed", "")

    def test_on_a_full_disk_is_refused_for_it_where_there_was_none(self, run: RunFolder) -> None:
        with pytest.raises(OSError) as refused:
            RunFolder(FullDisk(run.path)).write_status("running")
        assert refused.value.errno == errno.ENOSPC

    def test_of_this_process_is_live(self, run: RunFolder) -> None:
        run.write_status("running")
        assert run.status().is_live
        assert run.status().state == "running"

    @pytest.mark.parametrize(
        "content",
        ["", "[]", '{"status": "asleep"}', '{"mood": "good"}', "\0", "[" * 100_000,
         '{"status": "queued", "pid": "7"}', '{"status": "queued", "since": null}',
         '{"status": "failed", "message": ["a"]}', '{"status": ["done"]}'],
    )  # fmt: skip
    def test_that_cannot_be_understood_counts_as_interrupted(
        self, run: RunFolder, content: str
    ) -> None:
        (run.path / "status.json").write_text(content)
        assert run.status().state == "interrupted"

    def test_that_is_missing_counts_as_interrupted(self, tmp_path: Path) -> None:
        assert RunFolder(tmp_path / "nowhere").status().state == "interrupted"

    def test_names_files_whose_names_no_page_can_show(self, run: RunFolder) -> None:
        run.write_status("done", "IMG_\udcff.jpg is no photo.")
        assert run.status().message == "IMG_�.jpg is no photo."

    def test_what_was_noted_stays(self, run: RunFolder) -> None:
        run.write_status("running")
        run.note("One.")
        run.note("Two.")
        run.finish()
        assert (run.status().state, run.status().message) == ("done", "One. Two.")


class TestMetrics:
    def test_are_one_line_an_epoch(self, run: RunFolder) -> None:
        reports = [replace(REPORT, epoch=epoch) for epoch in (1, 2, 3)]
        for report in reports:
            run.add_metrics(report)
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [asdict(report) for report in reports]
        assert run.metrics() == reports

    @pytest.mark.parametrize(
        "line",
        [
            '{"epoch": 2, "trai',
            "",
            "null",
            "[1]",
            "\udcff",
            "[" * 100_000,
            *(
                json.dumps({**asdict(REPORT), name: value})
                for name in ("epoch", "validation_loss", "seconds")
                for value in (None, "1", True, float("nan"), float("inf"), 10**400, 1e300)
            ),
            *(
                json.dumps({**asdict(REPORT), name: -1})
                for name in ("epoch", "epochs", "learning_rate", "seconds", "value")
            ),
            json.dumps({**asdict(REPORT), "value": 1.5}),
            json.dumps({**asdict(REPORT), "best": "yes"}),
            json.dumps({name: value for name, value in asdict(REPORT).items() if name != "epochs"}),
        ],
    )
    def test_are_cut_at_the_first_line_that_is_none(self, run: RunFolder, line: str) -> None:
        run.add_metrics(REPORT)
        with (run.path / "metrics.jsonl").open("a", errors="surrogateescape") as file:
            file.write(f"{line}\n")
        run.add_metrics(REPORT)
        assert run.metrics() == [REPORT]

    def test_that_a_kill_left_over_are_dropped(self, run: RunFolder) -> None:
        for epoch in (1, 2):
            run.add_metrics(replace(REPORT, epoch=epoch))
        with (run.path / "metrics.jsonl").open("a") as file:
            file.write('{"epoch": 3, "trai')
        run.keep_metrics(1)
        run.add_metrics(replace(REPORT, epoch=2))
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [1, 2]

    def test_where_there_are_none_there_are_none_to_drop(self, run: RunFolder) -> None:
        run.keep_metrics(0)
        assert run.metrics() == []
        assert names(run) == ["config.json"]


class TestRunsIn:
    def test_are_those_with_settings_that_are_not_hidden(self, tmp_path: Path) -> None:
        for name in ("a", "b", ".new-1"):
            RunFolder(tmp_path / name).create(CONFIG)
        (tmp_path / "empty").mkdir()
        (tmp_path / "file").touch()
        assert sorted(run.path.name for run in runs_in(tmp_path)) == ["a", "b"]

    def test_of_no_folder_are_none(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for folder in (tmp_path / "gone", tmp_path / "file"):
            assert list(runs_in(folder)) == []

    def test_leave_out_a_name_that_no_page_can_show(self, tmp_path: Path) -> None:
        (tmp_path / "\udcff").mkdir()
        (tmp_path / "\udcff" / "config.json").write_text("{}")
        assert list(runs_in(tmp_path)) == []


def test_nothing_half_written_is_left(run: RunFolder) -> None:
    run.write_status("running")
    run.add_metrics(REPORT)
    run.keep_metrics(1)
    run.write_data_summary({})
    run.write_error("Traceback")
    assert names(run) == [
        "config.json", "data.json", "error.txt", "metrics.jsonl", "status.json",
    ]  # fmt: skip


def test_weights_are_there_when_they_are_whole(run: RunFolder, tiny_checkpoint: Path) -> None:
    assert not run.has_weights
    shutil.copytree(tiny_checkpoint, run.checkpoint)
    assert run.has_weights
    os.truncate(run.checkpoint / "model.safetensors", 5000)
    assert not run.has_weights


def test_files_have_the_names_they_always_had(run: RunFolder) -> None:
    files = (run.last_state, run.checkpoint, run.sample(7), run.log)
    assert [str(file.relative_to(run.path)) for file in files] == [
        "last.safetensors", "checkpoint", str(Path("samples", "epoch-0007.jpg")), "fit.log",
    ]  # fmt: skip


def test_half_letters_become_a_sign() -> None:
    assert legible("a\ud800ß") == "a�ß"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "running", "message": "", "pid": 1, "born": "1234", "since": 1.5},
        {"status": "done", "message": "", "pid": 1, "born": "Mon 3 Aug 10:00:00", "since": 1.5},
    ],
)
def test_statuses_of_runs_made_before_are_read(values: dict[str, Any]) -> None:
    status = Status.from_json(values)
    assert asdict(status) == {**values, "doing": ""}
    assert not status.is_live


@pytest.mark.processes
def test_no_module_of_runs_imports_torch() -> None:
    code = "import sys, crackdemo.runs.jobs; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_what_a_fit_is_at_keeps_its_place_and_what_was_noted(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "street")
    run.create(RunConfig({}, []))
    run.write_status("running")
    run.note("One photo was left out.")
    before = run.status()
    run.at("reading the photos")
    after = run.status()
    assert after == replace(before, doing="reading the photos")
    run.finish()
    assert run.status().doing == ""


def test_quality_comes_back_and_a_broken_file_is_none(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "street")
    run.create(RunConfig({}, []))
    assert run.quality() == []
    both = [Quality("street", 0.8, 0.75, 0.001, 1, 40), Quality("cae-asphalt", 0.5, 0.6, 0, 0, 40)]
    run.write_quality(both)
    assert run.quality() == both
    endless = json.dumps([asdict(both[0]) | {"tiles": 1}]).replace(": 1}", ": 1e999}")
    assert "1e999" in endless
    for text in ("{", "3", '[{"weights": "a"}]', endless):
        (run.path / "quality.json").write_text(text)
        assert run.quality() == []


def test_alarms_come_back_and_a_broken_file_is_none(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "street")
    run.create(RunConfig({}, []))
    assert run.alarms() == []
    both = [Alarms("street", 1, 4, 0, 1), Alarms("cae-asphalt", 9, 4, 3, 1)]
    run.write_alarms(both)
    assert run.alarms() == both
    endless = '[{"weights": "a", "learnt": 1e999, "learnt_photos": 1, "held_back": 1}]'
    for text in ("{", "3", '[{"weights": "a"}]', endless):
        (run.path / "alarms.json").write_text(text)
        assert run.alarms() == []


def test_what_a_run_says_of_itself_is_bounded(run: RunFolder) -> None:
    """The page reads all of it every two seconds, and shows it to everybody."""
    figures = [asdict(Quality(f"street {n}", 0.8, 0.75, 0.001, 1, 40)) for n in range(20_000)]
    (run.path / "quality.json").write_text(json.dumps(figures))
    assert len(run.quality()) == 16
    (run.path / "quality.json").write_text(json.dumps(figures).ljust(8_000_001))
    assert run.quality() == []
    with (run.path / "metrics.jsonl").open("wb") as file:
        file.truncate(3_000_000_000)
    assert run.metrics() == []


def test_uploads_are_known_by_what_they_hold(tmp_path: Path) -> None:
    """Pictures of one size may have as many bytes."""
    known = []
    for name, content in (("a", "lane"), ("b", "lane"), ("c", "yard")):
        run = RunFolder(tmp_path / name)
        (run.path / "upload" / "images").mkdir(parents=True)
        (run.path / "upload" / "images" / "1.bmp").write_text(content)
        run.create(RunConfig({}, ["upload", str(tmp_path)]))
        assert run.uploads() == []
        run.write_data_summary({"photos": 1})
        known.append(run.uploads())
    assert known[0] == known[1] != known[2] and len(known[0]) == 1
    for wrong in ("{", "[]", '{"uploads_sha256": 3}', '{"photos": 1}'):
        (run.path / "data.json").write_text(wrong)
        assert run.uploads() == []


def test_a_file_that_cannot_be_read_stops_no_fit(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    photos = run.path / "upload"
    photos.mkdir(parents=True)
    run.create(RunConfig({}, ["upload"]))
    (photos / "a.png").write_text("a photo")
    run.write_data_summary({})
    (photos / "memory").symlink_to("/proc/self/mem")
    (photos / "loop").symlink_to("loop")
    known = run.uploads()
    run.write_data_summary({})
    assert run.uploads() == known != []  # what links lead to is not among them
    (photos / os.fsdecode(b"caf\xe9.txt")).write_text("not a photo")
    run.write_data_summary({})
    assert run.uploads() != known
    (photos / "a.png").unlink()
    (photos / "a.png").symlink_to(tmp_path / "gone")
    run.write_data_summary({"photos": 0})
    shutil.rmtree(photos)
    run.write_data_summary({"photos": 0})


def test_settings_that_are_settled_leave_the_order_of_the_runs(tmp_path: Path) -> None:
    for age, name in ((20, "first"), (10, "second")):
        run = RunFolder(tmp_path / name)
        run.create(RunConfig({}, []))
        made = time.time() - age
        os.utime(run.path / "config.json", (made, made))
    assert Jobs(tmp_path).names() == ["second", "first"]
    RunFolder(tmp_path / "first").settle({"epochs": 3})
    assert Jobs(tmp_path).names() == ["second", "first"]


def test_pipes_in_a_run_are_not_waited_for(tmp_path: Path, run: RunFolder) -> None:
    for name in ("status.json", "metrics.jsonl", "trials.json", "quality.json", "alarms.json"):
        os.mkfifo(run.path / name)
    (job,) = Jobs(tmp_path).jobs()
    assert (job.state, job.history, job.search, job.quality) == ("interrupted", (), None, ())
    (run.path / "config.json").unlink()
    os.mkfifo(run.path / "config.json")
    assert Jobs(tmp_path).jobs() == []
    with pytest.raises(RunError, match=r"is wrong \(it is no file\): mend config.json"):
        run.config()


@pytest.mark.parametrize(
    "text",
    [
        '{"wanted": Infinity, "trials": [], "importance": {}}',
        json.dumps({"wanted": 10**400, "trials": [], "importance": {}}),
    ],
)
def test_a_run_whose_search_cannot_be_is_shown_without_it(tmp_path: Path, text: str) -> None:
    RunFolder(tmp_path / "street").create(CONFIG)
    RunFolder(tmp_path / "odd").create(CONFIG)
    (tmp_path / "odd" / "trials.json").write_text(text)
    jobs = {job.name: job for job in Jobs(tmp_path).jobs()}
    assert jobs.keys() == {"odd", "street"}
    assert jobs["odd"].search is None
