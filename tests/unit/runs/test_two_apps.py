"""What another app, the command line or the disk may do meanwhile: nothing is lost, and a sentence
tells it."""

import json
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crackdemo.errors import RunError
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.status import Status
from tests.short_fits import SETTINGS, is_over, wait_for

FOUR_BYTES = "𐐀"


class Overtaken(Jobs):
    """Another app is always a moment faster: what it makes is there after each look."""

    def check_name(self, name: str) -> str:
        return name


class CountingRun(RunFolder):
    """Counts what is read."""

    reads: ClassVar[Counter[str]] = Counter()

    def config(self) -> RunConfig:
        self.reads["config"] += 1
        return super().config()

    def status(self) -> Status:
        self.reads["status"] += 1
        return super().status()


def make_run(folder: Path, status: str = "done") -> RunFolder:
    run = RunFolder(folder)
    run.create(RunConfig(SETTINGS, []))
    run.last_state.write_bytes(b"precious")
    run.write_status(status)
    return run


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture
def overtaken(jobs: Jobs) -> Jobs:
    return Overtaken(jobs.folder)


class TestStart:
    def test_leaves_a_run_that_appeared_meanwhile_as_it_is(
        self, overtaken: Jobs, tmp_path: Path, data: list[str]
    ) -> None:
        run = make_run(overtaken.folder / "street")
        before, photos = content(run.path), content(Path(data[0]))
        with pytest.raises(RunError, match="“street” already: take another name"):
            overtaken.start("street", SETTINGS, ["data"], move_in=Path(data[0]))
        assert content(run.path) == before
        assert content(Path(data[0])) == photos
        assert sorted(path.name for path in overtaken.folder.iterdir()) == [".deeds", "street"]

    def test_leaves_an_empty_folder_that_appeared_meanwhile(self, overtaken: Jobs) -> None:
        (overtaken.folder / "street").mkdir(parents=True)
        with pytest.raises(RunError, match="“street” already: take another name"):
            overtaken.start("street", SETTINGS, [])
        assert list((overtaken.folder / "street").iterdir()) == []

    def test_of_one_name_in_many_apps_succeeds_once(self, jobs: Jobs, tmp_path: Path) -> None:
        broken = {**SETTINGS, "epochs": -3}

        def start(number: int) -> str:
            photos = tmp_path / str(number) / "photos"
            photos.mkdir(parents=True)
            (photos / "a.txt").write_text(str(number))
            try:
                Jobs(jobs.folder).start("street", broken, ["photos"], move_in=photos)
            except RunError as error:
                assert "already: take another name" in str(error)
                return (photos / "a.txt").read_text()
            return ""

        with ThreadPoolExecutor(6) as pool:
            kept = list(pool.map(start, range(6)))
        [winner] = [number for number, left in enumerate(kept) if not left]
        assert [left for left in kept if left] == [str(n) for n in range(6) if n != winner]
        assert (jobs.folder / "street" / "photos" / "a.txt").read_text() == str(winner)
        assert jobs.names() == ["street"]

    def test_whose_fit_cannot_claim_it_says_so_and_keeps_the_photos(
        self, jobs: Jobs, data: list[str]
    ) -> None:
        class Blocking(Jobs):
            def _set_up(self, *given: Any) -> RunFolder:
                run = super()._set_up(*given)
                (run.path / "status.json").mkdir()  # none can be written, as on a full disk
                return run

        with pytest.raises(RunError, match="ended before it had begun: free some space"):
            Blocking(jobs.folder).start("street", SETTINGS, ["data"], move_in=Path(data[0]))
        assert len(list((jobs.folder / "street" / "data").iterdir())) == 4
        assert jobs.job("street").state == "interrupted"

    @pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
    def test_takes_photos_in_from_another_disk_or_leaves_them_there(
        self, overtaken: Jobs, data: list[str]
    ) -> None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as disk:
            photos = Path(shutil.move(data[0], disk))
            make_run(overtaken.folder / "taken")
            with pytest.raises(RunError, match="already: take another name"):
                overtaken.start("taken", SETTINGS, ["data"], move_in=photos)
            assert len(list(photos.iterdir())) == 4
            overtaken.start("street", {**SETTINGS, "epochs": -3}, ["data"], move_in=photos)
            assert not photos.exists()
        assert len(list((overtaken.folder / "street" / "data").iterdir())) == 4
        wait_for(overtaken, "street", is_over)

    def test_where_there_can_be_no_folder_of_runs_is_a_sentence(
        self, tmp_path: Path, data: list[str]
    ) -> None:
        (tmp_path / "file").touch()
        jobs = Jobs(tmp_path / "file" / "runs")
        assert (jobs.jobs(), jobs.finished()) == ([], [])
        with pytest.raises(RunError, match="could not be set up") as refused:
            jobs.start("street", SETTINGS, ["data"], move_in=Path(data[0]))
        assert str(tmp_path) not in str(refused.value)
        assert len(list(Path(data[0]).iterdir())) == 4


class TestRename:
    @pytest.mark.parametrize("is_empty", [True, False])
    def test_never_overwrites(self, overtaken: Jobs, is_empty: bool) -> None:
        street = make_run(overtaken.folder / "street")
        yard = overtaken.folder / "yard"
        if is_empty:
            yard.mkdir()
        else:
            make_run(yard)
        before = content(overtaken.folder)
        with pytest.raises(RunError, match="“yard” already: take another name"):
            overtaken.rename("street", "yard")
        assert street.exists and yard.is_dir()
        assert content(overtaken.folder) == {**before, ".deeds": b""}


class TestDelete:
    def test_removes_the_run_alone(self, jobs: Jobs) -> None:
        make_run(jobs.folder / "street")
        yard = make_run(jobs.folder / "yard")
        before = content(yard.path)
        jobs.delete("street")
        assert jobs.names() == ["yard"]
        assert content(yard.path) == before

    def test_of_a_link_leaves_what_it_leads_to(self, jobs: Jobs, tmp_path: Path) -> None:
        run = make_run(tmp_path / "elsewhere")
        before = content(run.path)
        jobs.folder.mkdir()
        (jobs.folder / "street").symlink_to(run.path)
        jobs.delete("street")
        assert jobs.names() == []
        assert content(run.path) == before
        assert not list(jobs.folder.glob(".deleted*"))


class TestNames:
    def test_of_too_many_bytes_are_refused(self, jobs: Jobs) -> None:
        with pytest.raises(RunError, match="more than 180 bytes: take a shorter one"):
            jobs.start(60 * FOUR_BYTES, SETTINGS, [])

    def test_of_too_many_bytes_of_runs_made_before_can_be_renamed_and_deleted(
        self, jobs: Jobs
    ) -> None:
        for letter in (FOUR_BYTES, "𐐁"):
            make_run(jobs.folder / (60 * letter))
        jobs.rename(60 * "𐐁", "short")
        jobs.delete(60 * FOUR_BYTES)
        assert jobs.names() == ["short"]

    def test_and_settings_with_half_a_letter_are_refused_in_a_sentence(self, jobs: Jobs) -> None:
        deeds = [
            lambda: jobs.start("a\ud800b", SETTINGS, []),
            lambda: jobs.start("ab", {**SETTINGS, "note": "\udcff"}, []),
            lambda: jobs.start("ab", SETTINGS, ["/data/\udcff"]),
            lambda: jobs.job("a\ud800b"),
        ]
        for deed in deeds:
            with pytest.raises(RunError) as refused:
                deed()
            assert str(refused.value).encode()
        assert not jobs.folder.exists()


class TestList:
    def test_reads_each_run_once(self, jobs: Jobs) -> None:
        for number in range(40):
            make_run(jobs.folder / f"run {number}")
        CountingRun.reads.clear()
        assert len(Jobs(jobs.folder, open_run=CountingRun).jobs()) == 40
        assert CountingRun.reads == {"config": 40, "status": 40}

    def test_gives_the_queue_its_places(self, tmp_path: Path) -> None:
        jobs = Jobs(tmp_path / "queue")  # of this process: nothing here must cancel them
        for number, status in enumerate(["running", "queued", "queued", "done"]):
            run = make_run(jobs.folder / str(number), status)
            told = json.loads((run.path / "status.json").read_text())
            (run.path / "status.json").write_text(json.dumps({**told, "since": float(number)}))
        places = {job.name: job.place for job in jobs.jobs()}
        assert places == {"0": 0, "1": 1, "2": 2, "3": 0}
        assert {name: jobs.job(name).place for name in places} == places
