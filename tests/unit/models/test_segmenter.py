import pytest
import torch

from crackdemo.configs import parse_config
from crackdemo.errors import ConfigError
from crackdemo.models.cae import CaeConfig
from crackdemo.models.segmenter import Segmenter, SegmenterConfig

NAMES = ("joint", "crack", "stain")


def test_one_class_has_one_output() -> None:
    network = Segmenter(SegmenterConfig((4, 8))).eval()
    image = torch.rand(2, 3, 16, 24)
    assert network(image).shape == network.answer(image).shape == (2, 1, 16, 24)


def test_several_classes_share_the_pixel_with_the_background() -> None:
    network = Segmenter(SegmenterConfig((4, 8), classes=NAMES)).eval()
    image = torch.rand(2, 3, 16, 24)
    assert network(image).shape == (2, 4, 16, 24)
    chances = network.answer(image)
    assert chances.shape == (2, 3, 16, 24)
    assert torch.allclose(chances, torch.softmax(network(image), 1)[:, 1:])


def test_evidence_speaks_for_cracks_alone() -> None:
    config = SegmenterConfig((4, 8), healer=CaeConfig((4, 8)), classes=NAMES)
    network = Segmenter(config).eval()
    image = torch.full((1, 4, 16, 16), 0.9)
    chances = network.answer(image)[0, :, 0, 0]
    # odds of 9 against each of the others, the background among them
    assert chances.tolist() == pytest.approx([1 / 12, 9 / 12, 1 / 12])


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("crack", "crack"), "a name of its own"),
        (("Background",), "other than background"),
        (("crack", "Crack"), "differ by capital letters alone"),
        (("crack\n",), "no name of a class"),
        ((), "at least 1 values"),
        (("../crack",), "no name of a class"),
        (("COM1",), "Windows keeps the name “COM1”"),
    ],
)
def test_classes_that_files_cannot_be_named_for_are_refused(
    classes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(SegmenterConfig, {"classes": classes})
