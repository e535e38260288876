"""What the Train tab says and does, without a browser."""

import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from crackdemo.configs import help_of
from crackdemo.errors import CrackdemoError, RunError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.segmenter import SegmenterConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.runs.class_figures import ClassFigures
from crackdemo.runs.jobs import Jobs
from crackdemo.runs.processes import birth_of
from crackdemo.runs.quality import Alarms, Quality
from crackdemo.runs.status import Status
from crackdemo.runs.trials import Search, Trial
from crackdemo.training.config import FitConfig
from crackdemo.training.segmentation.config import SegmentConfig
from crackdemo.ui.train import fit_data, fits
from crackdemo.ui.train.curves import Curve, plot_losses, plot_shares
from crackdemo.ui.workbench import Workbench
from tests.unit.ui.train.runs import finish, job, report

NETWORK = {
    "network.channels": "4, 8",
    "network.skips": True,
    "network.crack_head": True,
    "network.latent_size": 3,
}


@pytest.fixture
def finished(bench: Workbench, tiny_checkpoint: Path) -> Jobs:
    """The runs of the bench: one that is done, named `street`."""
    return finish(bench, "street", tiny_checkpoint)


class TestSettings:
    def test_of_the_widgets_become_a_config(self) -> None:
        values = {"family": "vae", "tile_size": 32, "beta": 0.5, "name": "street", **NETWORK}
        config = fit_data.settings_of({**values, "more": '{"augment": {"offset": 0.2}}'})
        assert isinstance(config, FitConfig)
        assert (config.family, config.tile_size, config.beta) == ("vae", 32, 0.5)
        assert config.network == VaeConfig(channels=(4, 8), latent_size=3)
        assert config.augment.offset == 0.2

    def test_a_cae_has_no_latent_size(self) -> None:
        config = fit_data.settings_of({"family": "cae", **NETWORK})
        assert isinstance(config, FitConfig)
        assert config.network == CaeConfig((4, 8))

    def test_of_a_family_that_learns_from_masks_are_its_own(self) -> None:
        values = {
            "family": "segmenter",
            "start": "cae-asphalt",
            "epochs": 3,
            "tile_size": 128,
            "segmenter:tile_size": 64,
            "segmenter:start_with": "encoder",
            "segmenter:network.channels": "4, 8",
            "segmenter:network.skips": False,
            "segmenter:more": '{"augment": {"blur": 0}}',
        }
        config = fit_data.settings_of(values)
        assert isinstance(config, SegmentConfig)
        assert (config.tile_size, config.epochs, config.start_with) == (64, 3, "encoder")
        assert config.network == SegmenterConfig((4, 8), skips=False)
        assert config.augment.blur == 0

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"tile_size": 33}, "tile_size must be a multiple of 2"),
            ({"tile_size": None}, "tile_size must be a whole number"),
            ({"network.channels": "4, x"}, "whole numbers with commas"),
            ({"more": "["}, "no JSON"),
            ({"more": "[1]"}, "must be a JSON object"),
            ({"more": '{"colour": 1}'}, "colour is not known"),
            ({"more": '{"\\ud800": 1}'}, "half of a letter"),
            ({"more": "[" * 100_000}, "no JSON"),
            ({"objective": "reconstruction"}, "reconstruction needs skips off"),
        ],
    )
    def test_that_are_wrong_are_refused_in_a_sentence(
        self, values: dict[str, Any], reason: str
    ) -> None:
        with pytest.raises(CrackdemoError, match=reason) as refused:
            fit_data.settings_of({"family": "cae", **NETWORK, **values})
        assert "\n" not in str(refused.value)
        assert str(refused.value).encode()

    def test_every_field_has_its_sentence(self) -> None:
        assert help_of(FitConfig)["batch_size"] == "Tiles per step; more need more memory."
        for kind in (FitConfig, CaeConfig, VaeConfig):
            assert help_of(kind).keys() == kind.__dataclass_fields__.keys()
            assert all(help_of(kind).values())


class TestRuns:
    def test_a_run_is_one_line_and_a_description(self) -> None:
        assert fits.label(job()) == "street · done · 2 epochs"
        text = fits.describe(job(), None)
        assert "epoch 2 of 10" in text
        assert "best validation loss 0.5" in text
        assert "why &lt;b&gt;" in text

    def test_of_epochs_that_measure_alike_that_of_the_lowest_loss_is_best(self) -> None:
        measured = [
            replace(report(n, loss), metric="mean_iou", value=0.5)
            for n, loss in ((1, 0.9), (2, 0.4), (3, 0.6))
        ]
        text = fits.describe(replace(job(), history=tuple(measured)), None)
        assert "best mean IoU on validation photos 0.500 (epoch 2)" in text

    @pytest.mark.parametrize(("ended", "share"), [(1, "0.5000"), (2, "0.0000")])
    def test_a_search_fills_its_bar_and_the_fit_after_it_begins_anew(
        self, ended: int, share: str
    ) -> None:
        trials = tuple(Trial(n, {"depth": 4}, (0.5,), "complete") for n in range(1, 1 + ended))
        stopped = replace(
            job(epochs=0, state="cancelled"), search=Search(2, trials), status=Status("cancelled")
        )
        assert f"value='{share}'" in fits.describe(stopped, None)

    def test_a_fit_that_stopped_by_itself_says_so(self) -> None:
        history = tuple(replace(report(n), best=n < 3) for n in range(1, 6))
        done = replace(job(patience=3), history=history)
        told = "epoch 5 of 10: it stopped, as 3 epochs had brought nothing better"
        assert told in fits.describe(done, None)
        for other in (
            replace(done, settings={"epochs": 5, "patience": 3}),
            replace(done, settings={"epochs": 10, "patience": 4}),
            replace(done, settings={"epochs": 10, "patience": "3"}),
            replace(done, status=Status("cancelled")),
        ):
            assert "it stopped" not in fits.describe(other, None)

    def test_time_left_is_the_mean_epoch_times_what_is_missing(self) -> None:
        assert job(epochs=4).seconds_left == 6 * 30

    @pytest.mark.parametrize(
        ("doing", "minutes", "epochs", "text"),
        [
            ("reading the photos", 5, 0, "reading the photos, then 5 minutes of training"),
            ("training", None, 2, "epoch 2 of 10"),
            ("finding its threshold, 40 % done", None, 10, "finding its threshold, 40 % done"),
        ],
    )
    def test_a_fit_says_what_it_is_at(
        self, doing: str, minutes: float | None, epochs: int, text: str
    ) -> None:
        pid = os.getpid()
        status = Status("running", "", pid, birth_of(pid), doing)
        running = replace(job(epochs=epochs), status=status, minutes=minutes)
        assert text in fits.describe(running, None)
        assert text in fits.label(running)
        if epochs == 10:
            assert " left" not in fits.label(running)

    def test_what_has_trained_nothing_says_so(self) -> None:
        failed = replace(job(epochs=0), status=Status("failed", "No.", 0, ""), minutes=5)
        assert "nothing trained yet" in fits.describe(failed, None)
        assert "5 minutes" not in fits.describe(failed, None)

    def test_losses_that_cannot_be_compared_have_an_axis_each(self) -> None:
        one, other = job(), replace(job("lane"), data=(Path("elsewhere"),))
        assert fits.describe(one, other).count("Loss, log scale</b>") == 2
        assert fits.describe(one, job("lane")).count("Loss, log scale</b>") == 1

    def test_weights_that_are_gone_are_said(self) -> None:
        assert "no longer there" in fits.describe(replace(job(), family=None), None)
        assert "no longer there" not in fits.describe(job(), None)
        of_tomorrow = replace(job(), family="<diffusion>")
        assert "“&lt;diffusion&gt;”, which this version does not know" in fits.describe(
            of_tomorrow, None
        )
        waiting = replace(job(state="queued"), family=None)
        assert "no longer there" not in fits.describe(waiting, None)

    def test_what_a_fit_has_come_to_is_said(self) -> None:
        own = Quality("street", 0.84, 0.8, 0.003, 2, 40)
        assert "finds 84 % of painted cracks" in fits.describe(replace(job(), quality=(own,)), None)

    def test_corrections_are_counted_before_and_after(self) -> None:
        before, after = Alarms("cae-asphalt", 9, 4, 3, 1), Alarms("street", 2, 4, 1, 1)
        text = fits.alarms_table(replace(job(), alarms=(after, before)))
        assert "<th>4 photos learnt from</th><th>1 photo held back</th>" in text
        assert "<th>cae-asphalt</th><td>9</td><td>3</td></tr><tr><th>street</th><td>2</td>" in text
        assert "marks fewer" in text and text in fits.describe(
            replace(job(), alarms=(after, before)), None
        )

        def told(*numbers: int) -> str:
            return fits.alarms_table(replace(job(), alarms=(Alarms("b", *numbers), before)))

        assert "no fewer of them" in told(9, 4, 3, 1)
        assert "marks more of them than before" in told(9, 4, 4, 1)
        assert "elsewhere" in told(2, 4, 5, 1) and "elsewhere" in told(2, 4, 99, 1)
        assert "more in those learnt from" in told(12, 4, 2, 1)
        assert "marks more of them than before" in told(12, 4, 3, 1)
        assert "try it on others" in told(2, 5, 0, 0) and "held back</th>" not in told(2, 5, 0, 0)
        assert fits.alarms_table(job()) == ""

    def test_of_several_classes_each_has_its_figures(self) -> None:
        classes = (ClassFigures("stain", 0.756, 0.5), ClassFigures("<b>" + "j" * 99, None, None))
        text = fits.classes_table(replace(job(), classes=classes))
        assert "<th>validation photos</th><th>test photos</th>" in text
        assert "■</span> stain</th><td>0.76</td><td>0.50</td></tr>" in text
        assert "&lt;b&gt;jjj" in text and "j" * 60 not in text and "<td>–</td><td>–</td>" in text
        assert text in fits.describe(replace(job(), classes=classes), None)
        untested = tuple(replace(each, test=None) for each in classes)
        assert "test photos" not in fits.classes_table(replace(job(), classes=untested))
        assert fits.classes_table(job()) == ""

    def test_figures_of_classes_come_with_the_weights(
        self, bench: Workbench, classes_checkpoint: Path
    ) -> None:
        jobs = finish(bench, "street", classes_checkpoint)
        config = jobs.run_folder("street").checkpoint / "config.json"
        values = json.loads(config.read_text())
        metrics = {"validation iou of joint": 0.25, "test iou of joint": None}
        config.write_text(json.dumps(values | {"metrics": metrics}))
        assert "■</span> joint</th><td>0.25</td>" in fits.describe(jobs.job("street"), None)
        config.write_text("{")
        assert "IoU by class" not in fits.describe(jobs.job("street"), None)

    @pytest.mark.parametrize(
        "line", ['{"epoch": 1}', "7", '{"validation_loss": "low", "seconds": null}', "[" * 9999]
    )
    def test_whose_metrics_are_malformed_are_shown_without_them(
        self, bench: Workbench, finished: Jobs, line: str
    ) -> None:
        run = finished.run_folder("street")
        run.add_metrics(report(1))
        with (run.path / "metrics.jsonl").open("a") as file:
            file.write(f"{line}\n")
        run.add_metrics(report(3))
        [shown] = finished.jobs()
        assert fits.label(shown) == "street · done · 1 epoch"
        assert "best validation loss 0.5" in fits.describe(shown, shown)
        assert shown.seconds_left == (shown.epochs - 1) * 30

    def test_curves_span_the_plot(self) -> None:
        svg = plot_losses([Curve("a <b>", [1.0, 3.0], "first")], epochs=2)
        assert 'points="68.0,194.0 630.0,10.0"' in svg
        assert "a &lt;b&gt;" in svg
        assert plot_losses([], 1) == plot_shares([Curve("a", [], "first")], 1) == ""

    def test_half_way_up_is_the_geometric_mean(self) -> None:
        svg = plot_losses([Curve("a", [100.0, 0.25, 1.0], "first")], epochs=3)
        assert marks(svg) == ["0.25", "5", "100", "3"]

    def test_one_epoch_has_no_second_and_one_value_no_others(self) -> None:
        svg = plot_losses([Curve("a", [0.5], "first")], epochs=1)
        assert marks(svg) == ["0.5"] and "epoch 1" in svg

    def test_shares_stand_between_0_and_1(self) -> None:
        svg = plot_shares([Curve("a", [0.25, 1.0], "first")], epochs=2)
        assert marks(svg) == ["0", "0.5", "1", "2"]
        assert 'points="68.0,148.0 630.0,10.0"' in svg


def marks(svg: str) -> list[str]:
    """At the left, upwards, then the last epoch."""
    return re.findall(r'text-anchor="end">([\d.]+)</text>', svg)


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

    def test_are_packed_without_what_is_none_of_them(
        self, bench: Workbench, finished: Jobs, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("of the server")
        checkpoint = finished.folder / "street" / "checkpoint"
        (checkpoint / "link").symlink_to(tmp_path / "secret")
        (checkpoint / "folder").mkdir()
        os.mkfifo(checkpoint / "pipe")
        with zipfile.ZipFile(fits.zip_weights(bench, finished, "street")) as archive:
            assert len(archive.namelist()) == 3

    def test_that_are_renamed_meanwhile_are_not_packed(
        self, bench: Workbench, finished: Jobs
    ) -> None:
        class RenamedMeanwhile:
            @contextmanager
            def export_folder(self) -> Iterator[Path]:
                with bench.export_folder() as folder:
                    finished.rename("street", "road")
                    yield folder

        with pytest.raises(RunError, match="no run “street” any more"):
            fits.zip_weights(cast(Workbench, RenamedMeanwhile()), finished, "street")

    @pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
    def test_that_are_a_link_are_not_packed_in_part(
        self, bench: Workbench, finished: Jobs, tmp_path: Path, name: str
    ) -> None:
        file = finished.run_folder("street").checkpoint / name
        shutil.move(file, tmp_path / name)
        file.symlink_to(tmp_path / name)
        with pytest.raises(RunError, match="are a link to another place"):
            fits.zip_weights(bench, finished, "street")

    @pytest.mark.parametrize(
        ("status", "why"),
        [("running", "they come when its fit is done"), ("done", "they were removed")],
    )
    def test_without_weights_are_not_packed(
        self, bench: Workbench, finished: Jobs, status: str, why: str
    ) -> None:
        run = finished.run_folder("street")
        run.checkpoint.rename(run.path / "elsewhere")
        run.write_status(status)
        with pytest.raises(RunError, match=f"has no weights to pack: {why}"):
            fits.zip_weights(bench, finished, "street")


@pytest.mark.parametrize(
    ("network", "named"),
    [
        ({"classes": ["crack", "<b>"]}, ["■</span> crack", "■</span> &lt;b&gt;"]),
        ({"classes": ["crack"]}, []),
        ({"classes": 3}, []),
        ([], []),
    ],
)
def test_pictures_say_what_the_colours_of_several_classes_mean(
    finished: Jobs, network: object, named: list[str]
) -> None:
    run = finished.run_folder("street")
    run.settle({"family": "segmenter", "network": network})
    run.samples.mkdir()
    run.sample(1).write_bytes(b"a picture")
    html = fits.sample_html(finished, "street", 1)
    assert html.count("■") == len(named) and all(each in html for each in named)
    assert "Photo, heatmap, mask and truth of validation photos: swipe" in html


def test_a_picture_that_is_a_link_is_not_followed(finished: Jobs, tmp_path: Path) -> None:
    run = finished.run_folder("street")
    (tmp_path / "secret").write_text("of the server")
    run.samples.mkdir()
    run.sample(1).symlink_to(tmp_path / "secret")
    run.sample(2).symlink_to(run.sample(2))
    for epoch in (1, 2):
        assert "are not in its folder" in fits.sample_html(finished, "street", epoch)
    run.write_status("running")
    assert "are on their way" in fits.sample_html(finished, "street", 3)


def test_pictures_of_any_length_are_not_sent_to_every_page(finished: Jobs) -> None:
    run = finished.run_folder("street")
    run.samples.mkdir()
    with run.sample(1).open("wb") as file:
        file.truncate(20_000_001)
    assert "are not in its folder" in fits.sample_html(finished, "street", 1)


def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(finished: Jobs) -> None:
    run = finished.run_folder("street")
    run.samples.mkdir()
    os.mkfifo(run.sample(1))
    assert "are not in its folder" in fits.sample_html(finished, "street", 1)


def test_nothing_that_a_run_says_of_itself_becomes_markup() -> None:
    """Its folder may have been copied from anybody."""
    script = "<img src=x onerror=alert(1)>"
    measured = replace(report(1), metric=script, value=0.5)
    alive = Status("running", script, os.getpid(), birth_of(os.getpid()), doing=script)
    for state in (alive, replace(alive, status="done")):
        for history in ((), (measured,), 10 * (measured,)):
            shown = fits.describe(replace(job(script), status=state, history=history), None)
            assert "<img" not in shown
