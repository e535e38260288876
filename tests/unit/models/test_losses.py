import pytest
import pytorch_msssim
import torch
from skimage.metrics import structural_similarity
from torch.distributions import Normal, kl_divergence

from crackdemo.models import losses


def pair(seed: int, height: int = 40, width: int = 50) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(3, 1, height, width, generator=generator)
    noise = torch.rand(3, 1, height, width, generator=generator)
    return image, 0.7 * image + 0.3 * noise


def test_mean_squared_error_is_the_mean_over_all_pixels():
    image = torch.tensor([[[[0.0, 1.0], [0.5, 0.0]]]])
    target = torch.tensor([[[[0.0, 0.0], [0.0, 0.0]]]])
    assert losses.mean_squared_error(image, target).item() == pytest.approx(1.25 / 4)


@pytest.mark.parametrize("seed", range(3))
def test_ssim_is_that_of_pytorch_msssim(seed):
    image, target = pair(seed)
    expected = pytorch_msssim.ssim(image, target, data_range=1.0)
    assert losses.ssim(image, target).item() == pytest.approx(expected.item(), abs=1e-5)


def test_ssim_is_that_of_scikit_image_where_windows_lie_inside():
    image, target = pair(7)
    values = [
        structural_similarity(
            one[0].numpy(),
            other[0].numpy(),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1][5:-5, 5:-5].mean()
        for one, other in zip(image, target, strict=True)
    ]
    assert losses.ssim(image, target).item() == pytest.approx(sum(values) / 3, abs=1e-5)


def test_ssim_knows_the_data_range():
    image, target = pair(1)
    expected = losses.ssim(image, target)
    scaled = losses.ssim(image * 255, target * 255, data_range=255.0)
    assert scaled.item() == pytest.approx(expected.item(), abs=1e-4)


def test_ssim_of_an_image_with_itself_is_one():
    image, _ = pair(2)
    assert losses.ssim(image, image).item() == pytest.approx(1, abs=1e-5)


def test_ssim_refuses_images_smaller_than_its_window():
    small = torch.zeros(1, 1, 10, 40)
    with pytest.raises(ValueError, match="at least 11 x 11"):
        losses.ssim(small, small)


@pytest.mark.parametrize("shape", [(4, 16), (4, 8, 3, 5)])
def test_kl_divergence_is_that_of_torch_distributions_summed_over_the_latent(shape):
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(shape, generator=generator)
    log_var = torch.randn(shape, generator=generator)
    posterior = Normal(mu, torch.exp(0.5 * log_var))
    expected = kl_divergence(posterior, Normal(0.0, 1.0)).flatten(1).sum(1).mean()
    assert losses.kl_divergence(mu, log_var).item() == pytest.approx(expected.item(), rel=1e-5)


def test_kl_divergence_of_the_standard_normal_is_zero():
    zeros = torch.zeros(2, 128)
    assert losses.kl_divergence(zeros, zeros).item() == 0


def test_crack_loss_is_cross_entropy_and_dice_by_hand():
    logits = torch.tensor([[[[0.0, 0.0]]]])  # a probability of one half each
    mask = torch.tensor([[[[1.0, 0.0]]]])
    dice = (2 * 0.5 + 1) / (1.0 + 1.0 + 1)
    expected = torch.log(torch.tensor(2.0)).item() + 0.3 * (1 - dice)
    assert losses.crack_loss(logits, mask).item() == pytest.approx(expected, rel=1e-5)


def test_crack_loss_falls_as_the_right_pixels_become_likelier():
    mask = (torch.arange(64).view(1, 1, 8, 8) % 5 == 0).float()
    values = [losses.crack_loss((2 * mask - 1) * sure, mask).item() for sure in (-2, 0, 2, 20)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("weights", [(1.0, 0.0), (1.0, 0.3)])
def test_the_loss_of_one_class_is_the_crack_loss(weights: tuple[float, float]) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 8, 8, generator=generator)
    mask = (torch.rand(2, 1, 8, 8, generator=generator) < 0.3).float()
    found = losses.class_loss(logits, mask[:, 0].long(), torch.ones(2), weights[0], 0, weights[1])
    assert torch.isclose(found, losses.crack_loss(logits, mask, *weights))


def test_the_focal_loss_forgives_what_is_sure() -> None:
    labels = torch.tensor([[[1, 0]]])
    logits = torch.tensor([0.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 1, 2)
    sure, unsure = torch.softmax(torch.tensor([0.0, 3.0]), 0).flip(0)
    expected = -((1 - sure) ** 2 * sure.log() + (1 - unsure) ** 2 * unsure.log()) / 2
    assert torch.isclose(losses.class_loss(logits, labels, torch.ones(2), 0, 1, 0), expected)


def test_a_heavier_class_counts_more() -> None:
    labels = torch.tensor([[[2, 0]]])
    logits = torch.zeros(1, 3, 1, 2)
    logits[0, 0] = 4  # says background everywhere
    plain, heavy = (
        losses.class_loss(logits, labels, torch.tensor([1.0, 1.0, w]), 1, 0, 0) for w in (1.0, 9.0)
    )
    assert heavy > plain


def test_dice_is_the_mean_over_the_classes() -> None:
    labels = torch.tensor([[[1, 2, 0, 0]]])
    right = 100 * torch.eye(3)[labels].movedim(-1, 1)
    assert losses.class_loss(right, labels, torch.ones(3), 0, 0, 1) == pytest.approx(0, abs=1e-6)
    blind = right.clone()
    blind[..., 1] = torch.tensor([100.0, 0.0, 0.0]).view(1, 3, 1)  # of the second class nothing
    # smoothed by 1: the first class 3 of 3, the second 1 of 2
    found = losses.class_loss(blind, labels, torch.ones(3), 0, 0, 1)
    assert found == pytest.approx((0 + 1 / 2) / 2, abs=1e-6)
