import pytest
import torch

from crackdemo.configs import parse_config
from crackdemo.errors import ConfigError
from crackdemo.models.classifier import Classifier, ClassifierConfig
from crackdemo.models.families import family_named
from crackdemo.models.family import build_network


@pytest.mark.parametrize("size", [(32, 32), (33, 70), (5, 3)])
def test_pictures_of_any_size_give_one_logit_each(size: tuple[int, int]) -> None:
    network = Classifier(ClassifierConfig(width=4)).eval()
    logits = network(torch.rand(3, 1, *size))
    assert logits.shape == (3,)
    assert torch.isfinite(logits).all()


def test_each_setting_changes_the_network() -> None:
    def count(**settings: int) -> int:
        network = Classifier(ClassifierConfig(**settings))
        return sum(parameter.numel() for parameter in network.parameters())

    usual = count()
    assert count(depth=4) < usual < count(width=16) < count(width=16, kernel=5)


def test_every_level_halves_the_size() -> None:
    network = Classifier(ClassifierConfig(depth=4, width=4))
    assert network.levels(torch.rand(1, 1, 64, 48)).shape == (1, 32, 4, 3)
    assert network.stride == 16


def test_channels_double_up_to_eightfold() -> None:
    network = Classifier(ClassifierConfig(depth=6, width=4))
    assert [level[0].out_channels for level in network.levels] == [4, 8, 16, 32, 32, 32]


def test_dropout_is_for_training_alone() -> None:
    network = Classifier(ClassifierConfig(width=4, dropout=0.9)).eval()
    image = torch.rand(1, 1, 32, 32)
    assert torch.equal(network(image), network(image))


@pytest.mark.parametrize(
    "wrong", [{"depth": 1}, {"kernel": 4}, {"dropout": 1.0}, {"width": 0}, {"skips": True}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        parse_config(ClassifierConfig, wrong)


def test_the_registry_knows_it() -> None:
    family = family_named("classifier")
    assert (family.kind, family.config) == ("saliency", ClassifierConfig)
    assert isinstance(build_network("classifier", ClassifierConfig(width=4)), Classifier)
