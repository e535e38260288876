import shutil
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.data.labelled import find_labelled
from crackdemo.errors import DatasetError, FitError
from crackdemo.evaluation.evaluate import Evaluation
from crackdemo.files import sha256_of
from crackdemo.models.classifier import ClassifierConfig
from crackdemo.photos.images import read_photo
from crackdemo.runs.folder import RunConfig, RunFolder
from crackdemo.runs.trials import Search, Trial
from crackdemo.training.classifier.recipe import run_fit, with_settings
from crackdemo.training.trainer import fit_config, parse_settings
from tests.unit.training.classifier.conftest import SHORT


def begun(folder: Path, data: Path, **changes: Any) -> RunFolder:
    run = RunFolder(folder)
    run.create(RunConfig(asdict(parse_settings({**SHORT, **changes})), [str(data)]))
    return run


def steps(run: RunFolder) -> Any:
    return run_fit(run, fit_config(run), run.data(), threads=1, workers=0, say=lambda text: None)


def weights(run: RunFolder) -> str:
    return sha256_of(run.checkpoint / "model.safetensors")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, labelled: Path) -> RunFolder:
    """A finished run `walls-fit` of 40 steps."""
    run = begun(tmp_path_factory.mktemp("runs") / "walls-fit", labelled, steps_per_epoch=20)
    list(steps(run))
    return run


def test_the_result_is_a_checkpoint_that_tells_the_kinds_apart(
    fitted: RunFolder, labelled: Path
) -> None:
    checkpoint = load_checkpoint(fitted.checkpoint)
    evaluation = Evaluation(checkpoint.detector(), checkpoint.config.mask)
    for _ in evaluation.run(find_labelled(labelled)):
        pass
    figures = evaluation.metrics()
    assert figures["image_photos"] == 24
    assert figures["image_auroc"] > 0.95
    assert figures["image_accuracy"] > 0.9


def test_it_is_tried_on_the_photos_kept_aside(fitted: RunFolder, labelled: Path) -> None:
    checkpoint = load_checkpoint(fitted.checkpoint)
    evaluation = Evaluation(checkpoint.detector(), checkpoint.config.mask)
    for _ in evaluation.run(find_labelled(labelled, "test")):
        pass
    figures, metrics = evaluation.metrics(), checkpoint.config.metrics
    assert metrics["test photos"] == figures["image_photos"] == 6
    for name in ("image_accuracy", "image_precision", "image_recall"):
        assert metrics[f"test {name}"] == pytest.approx(figures[name], abs=1e-4)
    assert "Of 6 photos that were kept aside it calls" in fitted.status().message


def test_without_photos_of_both_kinds_kept_aside_that_is_said(
    tmp_path: Path, labelled: Path
) -> None:
    data = shutil.copytree(labelled, tmp_path / "walls")
    shutil.rmtree(data / "test" / "clean")
    run = begun(tmp_path / "run", data, epochs=1)
    list(steps(run))
    assert "test photos" not in load_checkpoint(run.checkpoint).config.metrics
    assert "were left to try it on" in run.status().message


def test_its_heatmap_is_hot_on_cracks_alone(fitted: RunFolder, labelled: Path) -> None:
    checkpoint = load_checkpoint(fitted.checkpoint)
    detector = checkpoint.detector()

    def hottest(kind: str) -> float:
        paths = sorted((labelled / "test" / kind).iterdir())
        return float(np.mean([detector.detect(read_photo(path)).heatmap.max() for path in paths]))

    assert hottest("cracked") > 32768 > hottest("clean")


def test_what_it_was_made_of_is_written_down(fitted: RunFolder) -> None:
    config = load_checkpoint(fitted.checkpoint).config
    assert config.heatmap.tile_size == 48
    assert config.heatmap.input_size == 32
    assert config.training["data"] == ["walls"]
    assert (config.training["train_clean"], config.training["validation_cracked"]) == (6, 3)
    assert 0 < config.calibration.score_threshold < 1
    card = (fitted.checkpoint / "README.md").read_text()
    assert "labels of whole photos" in card
    assert "where the network looks" in card


def test_pictures_and_curves_are_there_to_look_at(fitted: RunFolder) -> None:
    assert (fitted.samples / "variations.jpg").is_file()
    assert [fitted.sample(epoch).is_file() for epoch in (1, 2, 3)] == [True] * 3
    assert len(fitted.metrics()) == 3
    assert fitted.status().state == "done"


def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path: Path, labelled: Path) -> None:
    whole, broken = (begun(tmp_path / name, labelled) for name in ("whole", "broken"))
    list(steps(whole))
    list(islice(steps(broken), 1))
    assert not broken.checkpoint.exists()
    list(steps(broken))
    assert weights(broken) == weights(whole)
    epochs = [[(r.epoch, r.validation_loss) for r in run.metrics()] for run in (whole, broken)]
    assert epochs[0] == epochs[1]


def test_a_search_comes_first_and_its_best_are_fitted_to_the_end(
    tmp_path: Path, labelled: Path
) -> None:
    run = begun(tmp_path / "searched", labelled, trials=2, epochs=1, steps_per_epoch=1)
    list(steps(run))
    search = run.search()
    assert search is not None
    assert search.best is not None
    assert len(search.trials) == 2
    network = load_checkpoint(run.checkpoint).config.network
    assert isinstance(network, ClassifierConfig)
    assert network.depth == search.best.settings["depth"]
    assert fit_config(run).learning_rate == search.best.settings["learning_rate"]


def test_minutes_hold_for_the_fit_after_a_search(tmp_path: Path, labelled: Path) -> None:
    run = begun(tmp_path / "run", labelled, trials=1, epochs=100, steps_per_epoch=1)
    run._write_config(replace(run.config(), minutes=0.02))
    list(steps(run))
    assert run.search() is not None
    assert run.config().minutes is None and fit_config(run).epochs < 100


def test_trials_that_cannot_be_read_are_not_thrown_away(tmp_path: Path, labelled: Path) -> None:
    run = begun(tmp_path / "run", labelled, trials=2, epochs=1, steps_per_epoch=1)
    trials = run.path / "trials.json"
    trials.write_text('{"wanted": 2, "trials": [')
    with pytest.raises(FitError, match=r"trials\.json"):
        list(steps(run))
    assert trials.read_text() == '{"wanted": 2, "trials": ['


KNOWN = {
    "depth": 4,
    "width": 8,
    "kernel": 3,
    "dropout": 0.1,
    "learning_rate": 1e-3,
    "weight_decay": 1e-2,
}


@pytest.mark.parametrize(
    "settings", [{"foo": 1}, {**KNOWN, "width": 10**9}, {**KNOWN, "depth": 4.5}]
)
def test_trials_of_another_search_are_refused_even_where_all_are_done(
    tmp_path: Path, labelled: Path, settings: dict[str, float]
) -> None:
    run = begun(tmp_path / "run", labelled, trials=1, epochs=1, steps_per_epoch=1)
    run.write_search(Search(1, (Trial(1, settings, (0.5,), "complete"),)))
    with pytest.raises(FitError, match=r"trials\.json in its folder, are of other settings"):
        list(steps(run))


def test_whole_numbers_may_be_written_as_others(tmp_path: Path, labelled: Path) -> None:
    run = begun(tmp_path / "run", labelled, trials=1, epochs=1, steps_per_epoch=1)
    run.write_search(Search(1, (Trial(1, {**KNOWN, "depth": 4.0}, (0.5,), "complete"),)))
    list(steps(run))
    assert run.has_weights


def test_settings_of_a_trial_are_the_fits_and_the_networks() -> None:
    config = parse_settings(SHORT)
    changed = with_settings(config, {"depth": 5, "width": 8, "learning_rate": 1e-4})
    assert isinstance(changed.network, ClassifierConfig)
    assert (changed.network.depth, changed.network.width) == (5, 8)
    assert changed == replace(config, network=changed.network, learning_rate=1e-4)


def test_early_stopping_keeps_the_best_epoch(tmp_path: Path, labelled: Path) -> None:
    # so high a rate that the loss soon rises
    run = begun(tmp_path / "run", labelled, learning_rate=0.9, epochs=30, patience=2)
    reports = list(steps(run))
    assert len(reports) < 30
    losses = [report.validation_loss for report in reports]
    assert load_checkpoint(run.checkpoint).config.metrics["validation_loss"] == min(losses)


def test_weights_may_start_a_fit_only_where_they_are_of_that_network(
    tmp_path: Path, labelled: Path
) -> None:
    run = begun(tmp_path / "run", labelled, start="cae-asphalt")
    with pytest.raises(FitError, match="another family or network"):
        list(steps(run))
    assert run.status().state == "failed"


@pytest.mark.parametrize("missing", ["clean", "cracked"])
def test_one_kind_alone_is_refused(tmp_path: Path, labelled: Path, missing: str) -> None:
    for path in sorted(labelled.glob("train/*/*.png")):
        if path.parent.name != missing:
            copy = tmp_path / "data" / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    run = begun(tmp_path / "run", tmp_path / "data")
    with pytest.raises(DatasetError, match="at least 2 of each kind"):
        list(steps(run))
