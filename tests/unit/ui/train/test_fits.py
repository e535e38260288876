"""What the Train tab says and does, without a browser."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from crackdemo.data.intake import check
from crackdemo.errors import DatasetError, RunError
from crackdemo.models.vae import VaeConfig
from crackdemo.runs.jobs import Job, Jobs
from crackdemo.runs.status import Status, write_json, write_status
from crackdemo.training.config import FitConfig
from crackdemo.ui.train import fit_data, fits
from crackdemo.ui.train.curves import Curve, plot
from crackdemo.ui.train.field_help import field_help
from crackdemo.ui.workbench import Workbench

NETWORK = {"channels": "4, 8", "skips": True, "crack_head": True, "latent_size": 3}


def report(epoch: int, loss: float = 0.5) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "epochs": 10,
        "train_loss": loss + 0.1,
        "validation_loss": loss,
        "learning_rate": 0.001,
        "seconds": 30.0,
        "best": True,
    }


def job(name: str = "street", state: str = "done", epochs: int = 2, **settings: Any) -> Job:
    history = tuple(report(epoch + 1, 1 / (epoch + 1)) for epoch in range(epochs))
    values = {"epochs": 10, **settings}
    return Job(name, Status(state, "why <b>"), 0, values, None, history, state == "done")


@pytest.fixture
def bench(tmp_path: Path, tiny_checkpoint: Path) -> Workbench:
    shipped = tmp_path / "checkpoints"
    shipped.mkdir()
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return Workbench(tmp_path / "scratch", (allowed,), shipped=shipped, runs=tmp_path / "runs")


@pytest.fixture
def finished(bench: Workbench, tiny_checkpoint: Path) -> Jobs:
    """The runs of the bench: one that is done, named `street`."""
    assert bench.jobs is not None
    run = bench.jobs.folder / "street"
    run.mkdir(parents=True)
    write_json(run / "config.json", {"fit": asdict(FitConfig()), "data": [], "minutes": None})
    (run / "checkpoint").mkdir()
    for part in tiny_checkpoint.iterdir():
        (run / "checkpoint" / part.name).write_bytes(part.read_bytes())
    write_status(run, "done")
    return bench.jobs


class TestSettings:
    def test_of_the_widgets_become_a_config(self) -> None:
        values = {"family": "vae", "tile_size": 32, "beta": 0.5}
        config = fit_data.settings_of(values, NETWORK, '{"augment": {"offset": 0.2}}')
        assert (config.family, config.tile_size, config.beta) == ("vae", 32, 0.5)
        assert config.network == VaeConfig(channels=(4, 8), latent_size=3)
        assert config.augment.offset == 0.2

    def test_a_cae_has_no_latent_size(self) -> None:
        assert fit_data.settings_of({"family": "cae"}, NETWORK, "").family == "cae"

    @pytest.mark.parametrize(
        ("values", "network", "more", "reason"),
        [
            ({"tile_size": 33}, {}, "", "tile_size must be a multiple of 2"),
            ({"tile_size": None}, {}, "", "tile_size"),
            ({}, {"channels": "4, x"}, "", "whole numbers with commas"),
            ({}, {}, "[", "no JSON"),
            ({}, {}, "[1]", "must be a JSON object"),
            ({}, {}, '{"colour": 1}', "knows no colour"),
            ({"objective": "reconstruction"}, {}, "", "it would copy"),
        ],
    )
    def test_that_are_wrong_are_refused_in_a_sentence(
        self, values: dict[str, Any], network: dict[str, Any], more: str, reason: str
    ) -> None:
        with pytest.raises(ValueError, match=reason) as refused:
            fit_data.settings_of({"family": "cae", **values}, {**NETWORK, **network}, more)
        assert "\n" not in str(refused.value)

    def test_every_field_has_its_sentence(self) -> None:
        assert field_help(FitConfig)["batch_size"] == "Tiles per step; more need more memory."
        assert field_help(FitConfig).keys() == FitConfig.__dataclass_fields__.keys()
        assert field_help(VaeConfig).keys() == VaeConfig.__dataclass_fields__.keys()


class TestData:
    def test_uploads_are_described(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        photo = save_photo(tmp_path / "a.png")
        copy = save_photo(tmp_path / "b.png")
        (tmp_path / "c.jpg").write_bytes(b"")
        (tmp_path / "d.txt").write_text("")
        uploads = [str(photo), str(copy), str(tmp_path / "c.jpg"), str(tmp_path / "d.txt")]
        data = fit_data.gather(bench, fit_data.UPLOAD, uploads, "")
        text = fit_data.describe_data(data, check(data.folder), 128)
        for part in ("1 photo**", "128 × 96", "smaller than a tile of 128 px", "at least 2"):
            assert part in text
        for part in ("1 exact copy is left out: b.png", "c.jpg", "d.txt"):
            assert part in text
        assert str(tmp_path) not in text

    def test_procedural_pavement_is_made(self, bench: Workbench) -> None:
        data = fit_data.gather(bench, fit_data.PAVEMENT, [], "")
        assert check(data.folder).photos > 10

    def test_folders_are_read_only_where_it_is_allowed(
        self, bench: Workbench, tmp_path: Path, save_photo: Callable[..., Path]
    ) -> None:
        inside = save_photo(tmp_path / "allowed" / "road" / "a.png").parent
        outside = save_photo(tmp_path / "secret" / "a.png").parent
        assert fit_data.gather(bench, fit_data.FOLDER, [], str(inside)).folder == inside
        (tmp_path / "allowed" / "link").symlink_to(outside)
        for text in (str(outside), "", "\0", str(inside / ".." / ".." / "secret"),
                     str(tmp_path / "allowed" / "link")):  # fmt: skip
            with pytest.raises(DatasetError, match="may not read it"):
                fit_data.gather(bench, fit_data.FOLDER, [], text)

    def test_an_upload_without_files_is_refused(self, bench: Workbench) -> None:
        with pytest.raises(DatasetError, match="no photos yet"):
            fit_data.gather(bench, fit_data.UPLOAD, [], "")

    @pytest.mark.slow
    def test_time_is_estimated_from_real_steps(self, bench: Workbench) -> None:
        small = {"tile_size": 32, "source_size": 64, "batch_size": 2, "steps_per_epoch": 2}
        config = fit_data.settings_of({"family": "cae", **small}, NETWORK, "")
        data = fit_data.gather(bench, fit_data.PAVEMENT, [], "")
        assert " 20 epochs at most " in fit_data.estimate(config, data, None)


class TestRuns:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.5, "0.5 s"), (42, "42 s"), (99.4, "99 s"), (180, "3 min"), (3900, "1 h 5 min")],
    )
    def test_durations_are_short(self, seconds: float, text: str) -> None:
        assert fits.duration(seconds) == text

    def test_a_run_is_one_line_and_a_description(self) -> None:
        assert fits.label(job()) == "street · done · 2 epochs"
        text = fits.describe(job(), None)
        assert "epoch 2 of 10 (100 %)" in text
        assert "best validation loss 0.5" in text
        assert "why &lt;b&gt;" in text

    def test_time_left_is_the_mean_epoch_times_what_is_missing(self) -> None:
        assert job(epochs=4).seconds_left == 6 * 30

    def test_two_runs_are_compared_in_what_differs(self) -> None:
        table = fits.compare(job(beta=1, seed=3), job("other", beta=2, seed=3))
        assert "<tr><th>beta</th><td>1</td><td>2</td></tr>" in table
        assert "seed" not in table

    def test_curves_span_the_plot(self) -> None:
        svg = plot([Curve("a <b>", [1.0, 3.0], "first")], epochs=2)
        assert 'points="52.0,194.0 630.0,10.0"' in svg
        assert "a &lt;b&gt;" in svg
        assert plot([], 1) == ""

    def test_half_way_up_is_the_geometric_mean(self) -> None:
        svg = plot([Curve("a", [100.0, 0.25, 1.0], "first")], epochs=3)
        assert re.findall(r'text-anchor="end">([\d.]+)</text>', svg)[:3] == ["0.25", "5", "100"]


class TestFinishedRuns:
    def test_stand_in_the_list_of_weights_and_are_found(
        self, bench: Workbench, finished: Jobs
    ) -> None:
        assert bench.weights_names() == ["street"]
        weights = bench.resolve("street")
        assert weights.name == "street"
        assert bench.config(weights).family == "cae"
        finished.rename("street", "road")
        assert bench.weights_names() == ["road"]
        finished.delete("road")
        assert bench.weights_names() == []

    def test_are_packed_as_a_hub_repo(self, bench: Workbench, finished: Jobs) -> None:
        packed = fits.zip_weights(bench, finished, "street")
        with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as archive:
            names = {"street/README.md", "street/config.json", "street/model.safetensors"}
            assert set(archive.namelist()) == names

    def test_without_weights_are_not_packed(self, bench: Workbench, finished: Jobs) -> None:
        (finished.folder / "street" / "checkpoint").rename(finished.folder / "street" / "elsewhere")
        with pytest.raises(RunError, match="no weights yet"):
            fits.zip_weights(bench, finished, "street")
