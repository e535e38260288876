import json
from dataclasses import asdict

import pytest

from crackdemo.configs import parse_config
from crackdemo.errors import ConfigError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.families import FAMILIES
from crackdemo.models.vae import VaeConfig
from crackdemo.training.config import FitConfig
from crackdemo.training.trainer import parse_settings

DENSE = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=128, tile_size=64)


@pytest.mark.parametrize(
    "config",
    [
        FitConfig(),
        FitConfig(family="vae", network=VaeConfig()),
        FitConfig(family="vae", network=DENSE, objective="reconstruction", tile_size=64, beta=0.1),
    ],
    ids=["cae", "vae", "dense vae"],
)
def test_the_settings_survive_their_json(config):
    assert parse_config(FitConfig, json.loads(json.dumps(asdict(config)))) == config


def test_absent_settings_keep_their_default():
    assert parse_config(FitConfig, {}) == FitConfig()
    assert parse_config(FitConfig, {"family": "vae"}).network == VaeConfig()


@pytest.mark.parametrize(
    "values, reason",
    [
        ([], "object"),
        ({"family": "gan"}, "cae or vae"),
        ({"family": ["cae"]}, "family must be a text"),
        ({"network": []}, "network must be an object"),
        ({"network": {"latent_size": 3}}, "latent_size"),
        ({"objective": "guessing"}, "objective"),
        ({"steps": 3}, "steps"),
        ({"augment": {"scales": 3}}, "scales"),
        ({"tile_size": 0}, "tile_size"),
        ({"tile_size": 100}, "multiple of 16"),
        ({"tile_size": 16}, "from 32 on"),
        ({"batch_size": 0}, "batch_size"),
        ({"epochs": 0}, "epochs"),
        ({"patience": 0}, "patience"),
        ({"steps_per_epoch": -1}, "steps_per_epoch"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": -0.1}, "learning_rate"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"weight_decay": float("inf")}, "weight_decay"),
        ({"beta": -1}, "beta"),
        ({"seed": -1}, "seed"),
        ({"score_top_share": 0}, "score_top_share"),
        ({"mask": {"opening": 2}}, "opening"),
        ({"cracks": {"width_min": 0}}, "width_min"),
        ({"objective": "reconstruction"}, "skips off"),
        ({"objective": "reconstruction", "network": {"skips": False}}, "crack_head off"),
        ({"objective": "inpainting"}, "crack_head off"),
    ],
)
def test_settings_that_cannot_be_fitted_are_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        parse_config(FitConfig, values)


def test_a_family_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="cae or vae"):
        FitConfig(family="gan")


def test_the_network_must_be_of_the_family():
    with pytest.raises(ValueError, match="family vae"):
        FitConfig(family="vae", network=CaeConfig())


def test_a_dense_latent_is_trained_on_its_own_tile_size():
    with pytest.raises(ValueError, match="dense latent"):
        FitConfig(family="vae", network=DENSE, tile_size=128)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_learns_at_a_rate_of_nothing(family: str) -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        parse_settings({"family": family, "learning_rate": 0.0})
