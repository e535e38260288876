import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from crackdemo.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointConfig,
    config_json,
    load_checkpoint,
    save_checkpoint,
)
from crackdemo.checkpoints.layout import CARD, CONFIG, WEIGHTS
from crackdemo.detection.calibration import Calibration
from crackdemo.errors import CheckpointError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.vae import VaeConfig
from tests.plain import network_of, plain_flatten, plain_heat, plain_mask

QUANTILES = {"0.5": 0.1, "0.9": 0.2, "0.99": 0.4}
TINY = CaeConfig((4, 8))
CALIBRATION = Calibration(0.05, 0.6, 0.01, QUANTILES)


def checkpoint(network: CaeConfig | VaeConfig = TINY) -> Checkpoint:
    torch.manual_seed(3)
    config = CheckpointConfig(
        family="vae" if isinstance(network, VaeConfig) else "cae",
        network=network,
        flatten=plain_flatten(mean_sigma=20.0),
        heatmap=plain_heat(scales=(1.0, 0.5), blur_sigma=1.5),
        calibration=CALIBRATION,
        mask=plain_mask(threshold=0.4, closing=5, min_area=30),
        training={"fit": {"seed": 3}, "data": ["sut_crack"]},
        metrics={"validation_loss": 0.125},
    )
    return Checkpoint(config, network_of(network))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "good weights", checkpoint(), "# A card\n")
    return tmp_path / "good weights"


def refusal(folder: Path) -> str:
    """Why a folder is refused: one sentence that names it and shows no path."""
    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(folder)
    text = str(refused.value)
    assert f"“{folder.name}”" in text
    assert str(folder.parent) not in text
    assert "/" not in text.replace(folder.name, "")
    assert not text.endswith("..")
    assert text.endswith(".")
    assert not text.endswith("..")
    return text


def edit_config(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    values = json.loads((folder / CONFIG).read_text())
    change(values)
    (folder / CONFIG).write_text(json.dumps(values))


@pytest.mark.parametrize(
    "network",
    [
        CaeConfig((4, 8)),
        CaeConfig((4, 8), skips=False, crack_head=False),
        VaeConfig((4, 8), latent_size=3),
        VaeConfig((4, 8), skips=False, latent_size=128, tile_size=16),
    ],
    ids=str,
)
def test_what_is_saved_is_what_is_loaded(tmp_path, network):
    saved = checkpoint(network)
    save_checkpoint(tmp_path / "new", saved, "# A card\n")
    loaded = load_checkpoint(tmp_path / "new")
    assert loaded.config == saved.config
    assert not loaded.network.training
    before, after = saved.network.state_dict(), loaded.network.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    image = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        expected = saved.network.eval().reconstruct(image)
        assert torch.allclose(loaded.network.reconstruct(image), expected, atol=1e-6)


def test_the_folder_is_laid_out_as_a_hub_repo(folder):
    assert sorted(path.name for path in folder.iterdir()) == [CARD, CONFIG, WEIGHTS]
    assert (folder / CARD).read_text() == "# A card\n"
    assert json.loads((folder / CONFIG).read_text())["format_version"] == 1
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in (folder, *folder.iterdir()))


def test_the_config_is_the_same_text_every_time(folder):
    assert config_json(load_checkpoint(folder).config) == (folder / CONFIG).read_text()


def test_weights_in_channels_last_order_are_saved_all_the_same(tmp_path):
    saved = checkpoint()
    saved.network.to(memory_format=torch.channels_last)
    save_checkpoint(tmp_path / "new", saved, "")
    before = saved.network.state_dict()
    after = load_checkpoint(tmp_path / "new").network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_an_older_checkpoint_is_replaced_whole(folder):
    (folder / "leftover.txt").write_text("old")
    newer = checkpoint()
    newer = Checkpoint(replace(newer.config, metrics={"newer": 1}), newer.network)
    save_checkpoint(folder, newer, "# Newer\n")
    assert sorted(path.name for path in folder.iterdir()) == [CARD, CONFIG, WEIGHTS]
    assert load_checkpoint(folder).config.metrics == {"newer": 1}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_save_that_fails_leaves_the_older_checkpoint_and_nothing_else(folder):
    unwritable = replace(checkpoint().config, training={"seed": object()})
    with pytest.raises(TypeError):
        save_checkpoint(folder, Checkpoint(unwritable, checkpoint().network), "")
    assert load_checkpoint(folder).config.metrics == {"validation_loss": 0.125}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"lack {name}" in refusal(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert "lack" in refusal(tmp_path / "nowhere")


def test_a_missing_card_does_no_harm(folder):
    (folder / CARD).unlink()
    assert load_checkpoint(folder).config.family == "cae"


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_truncated_weights_are_refused(folder, length):
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:length])
    assert "damaged" in refusal(folder)


def test_a_runs_damaged_weights_go_by_its_name(folder, tmp_path):
    (tmp_path / "street").mkdir()
    run = folder.rename(tmp_path / "street" / "checkpoint")
    (run / WEIGHTS).write_bytes(b"")
    with pytest.raises(CheckpointError, match="The weights “street” are damaged"):
        load_checkpoint(run)


def test_a_pickle_is_never_opened(folder, tmp_path):
    class Opened:
        def __reduce__(self):
            return Path.touch, (tmp_path / "the pickle was opened",)

    (folder / WEIGHTS).write_bytes(pickle.dumps(Opened()))
    assert "damaged" in refusal(folder)
    torch.save(checkpoint().network.state_dict(), folder / WEIGHTS)
    assert "damaged" in refusal(folder)
    assert not (tmp_path / "the pickle was opened").exists()


def test_a_folder_in_place_of_the_weights_is_refused(folder):
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    assert "damaged" in refusal(folder)


def _rename(weights: dict[str, torch.Tensor]) -> None:
    weights["another.name"] = weights.pop("decoder.last.weight")


def _drop(weights: dict[str, torch.Tensor]) -> None:
    del weights["decoder.last.weight"]


def _add(weights: dict[str, torch.Tensor]) -> None:
    weights["another.name"] = torch.zeros(1)


def _reshape(weights: dict[str, torch.Tensor]) -> None:
    weights["decoder.last.weight"] = torch.zeros(1, 5, 1, 1)


@pytest.mark.parametrize("change", [_rename, _drop, _add, _reshape])
def test_weights_must_fit_strictly(folder, change):
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)
    assert "names or shapes" in refusal(folder)


def test_weights_that_nothing_computes_with_are_refused(folder):
    weights = load_file(folder / WEIGHTS)
    weights["decoder.last.weight"] = weights["decoder.last.weight"].to(torch.float8_e4m3fn)
    save_file(weights, folder / WEIGHTS)
    assert "nothing computes with" in refusal(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(folder, value):
    weights = load_file(folder / WEIGHTS)
    weights["decoder.last.weight"][0, 0] = value
    save_file(weights, folder / WEIGHTS)
    assert "not finite" in refusal(folder)


@pytest.mark.parametrize(
    "network",
    [
        {"channels": [4, 16]},
        {"channels": [4, 8, 8]},
        {"channels": [1024] * 7},
        {"channels": [4, 8], "skips": False},
        {"channels": [4, 8], "crack_head": False},
    ],
    ids=str,
)
def test_a_config_that_lies_about_its_shapes_is_refused(folder, network):
    edit_config(folder, lambda values: values.update(network=network))
    assert "names or shapes" in refusal(folder)


def test_a_lie_of_terabytes_costs_no_memory(folder):
    # 2 x 8192 x 268 million weights
    network = {"channels": [1024] * 2, "latent_size": 4096, "tile_size": 1024}
    edit_config(folder, lambda values: values.update(family="vae", network=network))
    assert "names or shapes" in refusal(folder)


@pytest.mark.parametrize(
    "field, value, reason",
    [
        ("format_version", 2, "format_version"),
        ("format_version", None, "format_version"),
        ("family", "gan", "family"),
        ("family", ["cae"], "family"),
        ("network", None, "object"),
        ("network", {"channels": [10**9, 10**9]}, "channels"),
        ("network", {"channels": "many"}, "channels"),
        ("network", {"channels": [4, 8], "layers": 3}, "layers"),
        ("flatten", {"mean_sigma": -1}, "mean_sigma"),
        ("flatten", {"contrast": 1e400}, "contrast"),
        ("heatmap", {"residual": "bright"}, "residual"),
        ("heatmap", {"scales": [1.0] * 1000}, "scales"),
        ("heatmap", {"blur_sigma": "much"}, "blur_sigma"),
        ("calibration", None, "calibration"),
        ("mask", {"opening": 4}, "opening"),
        ("mask", {"threshold": 2}, "threshold"),
        ("metrics", [], "metrics"),
        ("licence", "free", "licence"),
    ],
)
def test_every_field_is_checked(folder, field, value, reason):
    edit_config(folder, lambda values: values.update({field: value}))
    assert reason in refusal(folder)


@pytest.mark.parametrize("field", ["family", "network", "calibration", "heatmap", "mask"])
def test_a_field_that_is_missing_is_named(folder, field):
    edit_config(folder, lambda values: values.pop(field))
    assert field in refusal(folder)


def test_what_was_absent_when_a_setting_was_new_still_means_the_same(folder):
    def as_made_before(values):
        del values["flatten"]["channel"]
        for new in ("weights", "sharpened", "confirmed"):
            del values["heatmap"][new]

    edit_config(folder, as_made_before)
    config = load_checkpoint(folder).config
    assert config.flatten.channel == "luma"
    assert config.heatmap.weights == ()
    assert not (config.heatmap.sharpened or config.heatmap.confirmed)


@pytest.mark.parametrize(
    "field, value",
    [
        ("r0", 0),
        ("r0", -1),
        ("r0", float("nan")),
        ("r0", float("inf")),
        ("score_threshold", 1.5),
        ("score_top_share", 0),
        ("clean_quantiles", {"much": 0.5}),
        ("clean_quantiles", {"0.5": 7}),
        ("clean_quantiles", {"2": 0.5}),
        ("threshold", 0.5),
    ],
)
def test_a_wrong_calibration_is_refused(folder, field, value):
    edit_config(folder, lambda values: values["calibration"].update({field: value}))
    assert field in refusal(folder) or "much" in refusal(folder)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b" " * 2_000_000]
)
def test_a_config_that_is_no_config_is_refused(folder, text):
    (folder / CONFIG).write_bytes(text)
    refusal(folder)


def test_a_checkpoint_can_be_moved(folder, tmp_path):
    moved = Path(shutil.move(folder, tmp_path / "ümläut's copy"))
    assert load_checkpoint(moved).config == checkpoint().config


def test_a_fingerprint_is_of_what_decides_and_not_of_the_place(folder, tmp_path):
    one = load_checkpoint(folder)
    copy = load_checkpoint(Path(shutil.copytree(folder, tmp_path / "elsewhere")))
    assert one.fingerprint() == copy.fingerprint()
    with torch.no_grad():
        next(copy.network.parameters())[0] += 1e-3
    assert one.fingerprint() != copy.fingerprint()
    calibration = replace(one.config.calibration, r0=0.123)
    other = replace(one, config=replace(one.config, calibration=calibration))
    assert one.fingerprint() != other.fingerprint()


def test_less_clean_pavement_is_flagged_at_a_higher_threshold():
    flagged = [CALIBRATION.clean_share_flagged(t / 100) for t in range(101)]
    assert flagged == sorted(flagged, reverse=True)
    assert flagged[0] == 1
    assert flagged[100] == 0


@pytest.mark.parametrize("share, value", QUANTILES.items())
def test_the_clean_share_flagged_is_that_of_the_quantiles(share, value):
    assert CALIBRATION.clean_share_flagged(value) == pytest.approx(1 - float(share))


def test_between_quantiles_the_clean_share_is_interpolated():
    assert CALIBRATION.clean_share_flagged(0.3) == pytest.approx(1 - (0.9 + 0.99) / 2)
