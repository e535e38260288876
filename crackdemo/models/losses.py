"""Losses: pure functions of tensors."""

import torch
from torch import Tensor
from torch.nn import functional


def mean_squared_error(image: Tensor, target: Tensor) -> Tensor:
    """Mean over all pixels and images; lower is closer."""
    return functional.mse_loss(image, target)


def ssim(image: Tensor, target: Tensor, data_range: float = 1.0) -> Tensor:
    """Mean structural similarity of (N, 1, H, W) images; higher is closer, 1 is equal.

    Wang et al. 2004: Gaussian window of 11 x 11, sigma 1.5, K1 = .01, K2 = .03, no padding.
    Raises ValueError when an image is smaller than the window.
    """
    if min(image.shape[-2:]) < 11:
        raise ValueError(f"SSIM needs images of at least 11 x 11 pixels, not {image.shape[-2:]}.")
    stack = torch.cat([image, target, image * image, target * target, image * target], 1)
    blurred = _gaussian_blur(stack)
    mu_x, mu_y, xx, yy, xy = blurred.unbind(1)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)
    contrast = (2 * (xy - mu_x * mu_y) + c2) / (xx - mu_x**2 + yy - mu_y**2 + c2)
    return (luminance * contrast).mean()


def kl_divergence(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, exp(log_var)) || N(0, 1)), summed over the latent, mean over images (in nats).

    Kingma and Welling 2014, appendix B.
    """
    terms = 1 + log_var - mu**2 - log_var.exp()
    return -0.5 * terms.flatten(1).sum(1).mean()


def crack_loss(
    logits: Tensor, mask: Tensor, entropy_weight: float = 1.0, dice_weight: float = 0.3
) -> Tensor:
    """Binary cross-entropy plus soft Dice loss (Milletari et al. 2016) over a batch, weighted.

    logits, mask: (N, 1, H, W), the mask 0 or 1; lower is better.
    """
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, mask)
    probability = torch.sigmoid(logits)
    overlap = (2 * (probability * mask).sum() + 1) / (probability.sum() + mask.sum() + 1)
    return entropy_weight * cross_entropy + dice_weight * (1 - overlap)


def class_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    entropy_weight: float = 1.0,
    focal_weight: float = 0.0,
    dice_weight: float = 1.0,
) -> Tensor:
    """Cross-entropy, focal (Lin et al. 2017, gamma 2) and soft Dice loss over a batch, weighted.

    logits: (N, 1 + classes, H, W), the background's first, or (N, 1, H, W) of one class; labels:
    (N, H, W), 0 where there is nothing; weights: (1 + classes,), how much a pixel of each counts
    in the first two. Dice is the mean over the classes. Lower is better.
    """
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    log_chance = functional.log_softmax(logits, 1)
    loss = logits.new_zeros(())
    if entropy_weight:
        loss = loss + entropy_weight * functional.nll_loss(log_chance, labels, weights)
    if focal_weight:
        hard = (1 - log_chance.exp()) ** 2 * log_chance
        loss = loss + focal_weight * functional.nll_loss(hard, labels, weights)
    if dice_weight:
        chance = log_chance[:, 1:].exp()
        truth = functional.one_hot(labels, logits.shape[1])[..., 1:].movedim(-1, 1)
        overlap = 2 * (chance * truth).sum((0, 2, 3)) + 1
        dice = overlap / (chance.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)
        loss = loss + dice_weight * (1 - dice.mean())
    return loss


def _gaussian_blur(stack: Tensor) -> Tensor:
    offsets = torch.arange(-5, 6, dtype=stack.dtype, device=stack.device)
    window = torch.exp(-(offsets**2) / (2 * 1.5**2))
    window = window / window.sum()
    channels = stack.shape[1]
    rows = window.view(1, 1, 1, 11).expand(channels, 1, 1, 11)
    columns = window.view(1, 1, 11, 1).expand(channels, 1, 11, 1)
    blurred = functional.conv2d(stack, rows, groups=channels)
    return functional.conv2d(blurred, columns, groups=channels)
