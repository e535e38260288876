"""Saliency by a network that is known to answer to dark pixels alone."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import ScoredPart
from crackdemo.detection.illumination import FlattenConfig
from crackdemo.detection.saliency import (
    Method,
    SaliencyConfig,
    SaliencyDetector,
    likeliest,
    look,
    parts_of,
    saliency_of,
    score_of,
    spoken_for,
)
from crackdemo.errors import Stopped
from crackdemo.models.classifier import Classifier, ClassifierConfig
from crackdemo.models.family import Network

METHODS: tuple[Method, ...] = ("gradcam", "gradient", "smoothgrad", "integrated")
SMALL = SaliencyConfig(method="gradcam", level=1, tile_size=32, input_size=32)
CALIBRATION = Calibration(
    r0=0.01, score_threshold=0.5, score_top_share=None, clean_quantiles={"0.5": 0.1}
)


class Dark(nn.Module):
    """How much darker than .5 each pixel is."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.relu(0.5 - image)


class DarkPixels(Network):
    """The logit grows with the darkness of the darkest pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.Sequential(Dark())
        self.weight = nn.Parameter(torch.tensor(40.0))

    def forward(self, image: Tensor) -> Tensor:
        return self.weight * self.levels(image).amax((1, 2, 3)) - 8


def photo(height: int = 64, width: int = 96) -> np.ndarray:
    """Light gray with a dark spot at the lower right."""
    pixels = np.full((height, width, 3), 180, np.uint8)
    pixels[-14:-8, -14:-8] = 20
    return pixels


def detector(network: Network | None = None, config: SaliencyConfig = SMALL) -> SaliencyDetector:
    device = torch.device("cpu")
    return SaliencyDetector(network or DarkPixels(), None, config, CALIBRATION, device)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_looks_where_the_answer_comes_from(method: Method) -> None:
    image = torch.full((1, 1, 32, 32), 0.7)
    image[0, 0, 20:24, 6:10] = 0.1
    found = saliency_of(DarkPixels(), image, SaliencyConfig(method=method, level=1))
    assert found.shape == (1, 32, 32)
    assert found.min() >= 0
    row, column = np.unravel_index(int(found[0].argmax()), (32, 32))
    assert 19 <= row <= 24
    assert 5 <= column <= 10


@pytest.mark.parametrize("method", METHODS)
def test_real_networks_of_any_size_are_taken(method: Method) -> None:
    torch.manual_seed(0)
    network = Classifier(ClassifierConfig(depth=3, width=4)).eval()
    config = SaliencyConfig(method=method, level=2)
    found = saliency_of(network, torch.rand(1, 1, 40, 24), config)
    assert found.shape == (1, 40, 24)
    assert torch.isfinite(found).all()
    assert torch.equal(found, saliency_of(network, torch.rand(1, 1, 40, 24), config)) is False


def test_the_same_photo_has_the_same_heatmap() -> None:
    torch.manual_seed(0)
    config = SaliencyConfig(method="smoothgrad", tile_size=32, input_size=32)
    shown = detector(Classifier(ClassifierConfig(depth=3, width=4)), config)
    one, again = shown.detect(photo()), shown.detect(photo())
    assert np.array_equal(one.heatmap, again.heatmap)
    assert one.score == again.score


@pytest.mark.parametrize("size", [(227, 227), (300, 340), (341, 100), (1000, 700), (50, 2000)])
def test_parts_cover_a_picture_and_overlap(size: tuple[int, int]) -> None:
    covered = np.zeros(size, int)
    parts = list(parts_of(*size, 227))
    for part in parts:
        covered[part.rows, part.columns] += 1
    assert covered.min() >= 1
    assert (covered.max() > 1) == (len(parts) > 1)


def test_a_little_larger_than_a_part_is_looked_at_whole() -> None:
    assert len(list(parts_of(330, 330, 227))) == 1
    assert len(list(parts_of(342, 330, 227))) == 2


def test_the_heatmap_lies_where_the_crack_does_and_nowhere_else() -> None:
    found = detector().detect(photo())
    assert found.heatmap.shape == (64, 96)
    assert found.heatmap.dtype == np.uint16
    assert found.reconstruction is None
    assert found.heatmap[52, 84] > 32768
    assert found.heatmap[:32, :64].max() == 0


def test_a_large_photo_has_the_score_of_its_likeliest_part() -> None:
    small, large = detector().detect(photo(32, 32)), detector().detect(photo(200, 300))
    assert len(large.parts) > len(small.parts) == 1
    assert small.score == pytest.approx(large.score, abs=1e-3)
    assert detector().detect(np.full((200, 300, 3), 180, np.uint8)).score < 0.01


def test_each_pixel_has_the_probability_of_its_likeliest_part() -> None:
    parts = (ScoredPart(0, 2, 4, 6, 0.9), ScoredPart(0, 0, 4, 4, 0.2))
    (row, *others) = likeliest(parts, 4, 6)
    assert row.tolist() == pytest.approx([0.2, 0.2, 0.9, 0.9, 0.9, 0.9])
    assert all(other.tolist() == row.tolist() for other in others)


@pytest.mark.parametrize("side", [5, 33, 50, 64, 97, 341])
def test_the_last_row_and_column_are_seen(side: int) -> None:
    """Parts are of a smaller picture, whose pixels do not end where the photo's do."""
    config = SaliencyConfig(method="gradcam", level=1, tile_size=227, input_size=32)
    parts = look(DarkPixels(), photo(max(20, side), max(20, side)), None, config).parts
    found = likeliest(parts, side, side + 3)
    assert found.shape == (side, side + 3) and found.min() > 0


def test_where_no_crack_is_seen_saliency_fades() -> None:
    saliency, probability = np.full((1, 3), 4, np.float32), np.array([[0.1, 0.5, 0.9]], np.float32)
    assert spoken_for(saliency, probability, 0.5).tolist() == [[pytest.approx(0.8), 4, 4]]
    assert np.isfinite(spoken_for(saliency, probability, 0)).all()


def test_a_photo_without_a_crack_has_no_hot_spot_however_little_speaks_against_it() -> None:
    """Of any surface some pixels speak for a crack more than others."""
    dull = np.full((32, 32, 3), 180, np.uint8)
    dull[10, 10] = 100
    seen = look(DarkPixels(), dull, None, SMALL)
    found = detector().detect(dull)
    assert found.score < 0.05 and seen.saliency[10, 10] > 0.001
    raw = 65536 * seen.saliency[10, 10] / (seen.saliency[10, 10] + CALIBRATION.r0)
    assert 0 < found.heatmap[10, 10] < 0.1 * raw


def test_a_region_is_scored_by_the_parts_in_it() -> None:
    shown = detector()
    found = shown.detect(photo(64, 96))
    with_crack, without = np.zeros((64, 96), bool), np.zeros((64, 96), bool)
    with_crack[32:, 48:] = True
    without[:32, :48] = True
    assert shown.score(found) == found.score > 0.9
    assert shown.score(found, with_crack) == found.score
    assert shown.score(found, without) < 0.01


def test_a_region_smaller_than_any_part_has_the_one_that_it_lies_in() -> None:
    parts = (ScoredPart(0, 0, 10, 10, 0.2), ScoredPart(0, 5, 10, 15, 0.9))
    region = np.zeros((10, 15), bool)
    region[4:6, 1:4] = True
    assert score_of(parts, region) == 0.2
    assert score_of(parts, np.zeros((10, 15), bool)) == 0.9


def test_the_scale_of_the_photos_that_were_learnt_from_decides_on_the_size_of_a_part() -> None:
    config = SaliencyConfig(method="gradcam", level=1, tile_size=64, input_size=32)
    found = look(DarkPixels(), photo(200, 200), None, config)
    assert {part.bottom - part.top for part in found.parts} == {64}
    assert found.saliency.shape == (200, 200)


def test_flattened_light_is_looked_at_where_that_is_asked_for() -> None:
    flatten = FlattenConfig(mean_sigma=8, deviation_sigma=13)
    assert look(DarkPixels(), photo(), flatten, SMALL).saliency[52, 84] > 0


def test_it_stops_between_two_parts() -> None:
    calls: list[int] = []

    def should_stop() -> bool:
        calls.append(1)
        return len(calls) > 2

    with pytest.raises(Stopped):
        detector().detect(photo(200, 200), should_stop)


def test_the_callers_network_is_left_as_it_was() -> None:
    network = DarkPixels().train()
    detector(network).detect(photo())
    assert network.training
    assert network.weight.grad is None


def test_photos_of_a_few_pixels_are_taken() -> None:
    found = detector(Classifier(ClassifierConfig(width=4))).detect(photo(3, 20)[:1, :5])
    assert found.heatmap.shape == (1, 5)
