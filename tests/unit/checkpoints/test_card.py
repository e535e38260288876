import json
import re
from dataclasses import asdict

from crackdemo.checkpoints.card import LICENCES, model_card
from crackdemo.checkpoints.checkpoint import CheckpointConfig
from crackdemo.configs import parse_config
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.saliency import SaliencyConfig
from crackdemo.models.classifier import ClassifierConfig
from crackdemo.models.vae import VaeConfig
from crackdemo.training.config import FitConfig
from tests.plain import plain_flatten, plain_heat, plain_mask

FIT = FitConfig(family="vae", network=VaeConfig((4, 8)), seed=7)


def card(**told) -> str:
    config = CheckpointConfig(
        family="vae",
        network=FIT.network,
        flatten=plain_flatten(),
        heatmap=plain_heat(scales=(1.0, 0.5)),
        calibration=Calibration(0.0625, 0.75, 0.05, {}),
        mask=plain_mask(),
        **told,
    )
    return model_card(config, "python -m crackdemo fit --family vae")


def test_a_card_begins_with_the_hubs_front_matter():
    assert re.match(r"---\n(?:[a-z_]+: .+\n)+---\n", card())
    assert "license: apache-2.0" in card()


def test_a_card_says_what_when_cracked_and_how_it_was_made():
    text = card()
    assert "variational autoencoder" in text
    assert "scales 1, 0.5" in text
    assert "0.0625" in text
    assert "hottest 5 %" in text
    assert "0.750" in text
    assert "python -m crackdemo fit --family vae" in text
    assert "## Limits" in text


def test_a_card_names_the_data_and_their_licences():
    text = card(training={"data": ["sut_crack", "my street"]})
    assert f"`sut_crack`: {LICENCES['sut_crack']}" in text
    assert "`my street`: the user’s own photos" in text


def test_a_card_names_the_data_of_what_it_started_from():
    """Its licences bind whoever goes on from it."""
    text = card(training={"data": ["my street"], "start_data": ["cracksc", "my street"]})
    own, before = text.split("By the weights that it started from:")
    assert "`my street`" in own and "cracksc" not in own
    assert "Feng Guo" in before and "`my street`" not in before


def test_a_card_holds_the_settings_to_make_the_weights_again():
    text = card(training={"fit": asdict(FIT), "data": [], "train_tiles": 300})
    recipe = re.search(r"```json\n(.+?)\n```", text, re.DOTALL)
    assert parse_config(FitConfig, json.loads(recipe.group(1))) == FIT
    assert "train tiles: 300" in text


def test_a_card_shows_what_was_measured():
    text = card(metrics={"pixel_f1": 0.61234567, "photos": 12})
    assert "| pixel_f1 | 0.6123 |" in text
    assert "| photos | 12 |" in text


def test_a_card_shows_what_was_taken_for_what_as_a_table():
    confusion = {"crack": {"crack": 0.75, "joint": 0.25}, "joint": {"crack": None, "joint": None}}
    text = card(metrics={"test iou of joint": None, "test confusion": confusion, "other": {"a": 1}})
    assert "| test iou of joint | does not occur |" in text
    assert "| other | {'a': 1} |" in text
    rows = [
        "test confusion:",
        "",
        "| truth, taken for | crack | joint |",
        "|---|---|---|",
        "| crack | 0.75 | 0.25 |",
        "| joint | – | – |",
    ]
    assert "\n\n" + "\n".join(rows) + "\n\n" in text


def test_a_classifiers_card_says_what_it_learnt_from_and_what_its_heatmap_is_not():
    config = CheckpointConfig(
        family="classifier",
        network=ClassifierConfig(),
        flatten=None,
        heatmap=SaliencyConfig(),
        calibration=Calibration(0.0625, 0.75, None, {}),
        mask=plain_mask(),
    )
    text = model_card(config)
    assert "pipeline_tag: image-classification" in text
    assert "labels of whole photos" in text
    assert "by integrated gradients; it is no outline of a crack" in text
    assert "cracked from 0.750" in text
