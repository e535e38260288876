"""A fitted network's blocks as engines compute them fastest: convolutions and hardly anything
between them. The answers are the same, but for rounding; to be fitted it is the other way."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from crackdemo.models.blocks import Decoder, DoubleConv
from crackdemo.models.family import Network


def folded(network: Network) -> Network:
    """A copy of an evaluated network: batch norm lies in the convolutions before it, ReLU is part
    of them, and what skips bring along is added instead of laid beside."""
    copied = copy.deepcopy(network).eval()
    for parent in list(copied.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Decoder):
                setattr(parent, name, FoldedDecoder(child))
            elif isinstance(child, DoubleConv) and not isinstance(parent, Decoder):
                setattr(parent, name, FoldedDoubleConv(child))
    return copied


class FoldedConv(nn.Module):
    """3 x 3 convolution of what may be added to something, and ReLU."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, image: Tensor, added: Tensor | None = None) -> Tensor:
        """image (N, C, H, W), added (N, D, H, W) to (N, D, H, W)."""
        if image.is_cuda:  # cuDNN writes nothing in between
            how = ((1, 1), (1, 1), (1, 1), 1)
            if added is None:
                return torch.cudnn_convolution_relu(image, self.weight, self.bias, *how)
            return torch.cudnn_convolution_add_relu(image, self.weight, added, 1.0, self.bias, *how)
        result = functional.conv2d(image, self.weight, self.bias, padding=1)
        return functional.relu(result if added is None else result + added)


class FoldedDoubleConv(nn.Sequential):
    """`DoubleConv`."""

    def __init__(self, block: DoubleConv) -> None:
        super().__init__(*(FoldedConv(*_parts(_folded(block, place))) for place in (0, 3)))


class FoldedUp(nn.Module):
    """A level of `Decoder`: enlarging by two and convolving are one transposed convolution, and the
    skip's own convolution adds to it."""

    def __init__(self, block: DoubleConv, deep: int) -> None:
        super().__init__()
        weight, bias = _parts(_folded(block, 0))
        self.up = nn.Parameter(_of_enlarged(weight[:, :deep]))
        if weight.shape[1] > deep:
            self.first = FoldedConv(weight[:, deep:], bias)
        else:
            self.bias = nn.Parameter(bias)
        self.second = FoldedConv(*_parts(_folded(block, 3)))

    def forward(self, deep: Tensor, skip: Tensor | None) -> Tensor:
        """deep (N, C, h, w), skip (N, D, 2h, 2w) to (N, E, 2h, 2w)."""
        if skip is not None:
            enlarged = functional.conv_transpose2d(deep, self.up, stride=2, padding=1)
            first = self.first(skip, enlarged)
        else:
            enlarged = functional.conv_transpose2d(deep, self.up, self.bias, stride=2, padding=1)
            first = functional.relu(enlarged)
        result: Tensor = self.second(first)
        return result


class FoldedDecoder(nn.Module):
    """`Decoder`."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        deep = decoder.deepest
        self.levels = nn.ModuleList()
        for block in decoder.levels:
            assert isinstance(block, DoubleConv)
            self.levels.append(FoldedUp(block, deep))
            deep = _folded(block, 3).out_channels
        self.last = decoder.last

    def forward(self, latent: Tensor, skips: tuple[Tensor, ...]) -> Tensor:
        """As `Decoder`."""
        for depth, level in enumerate(self.levels):
            latent = level(latent, skips[depth] if skips else None)
        image: Tensor = self.last(latent)
        return image


def _folded(block: DoubleConv, place: int) -> nn.Conv2d:
    """One of a block's convolutions with its batch norm."""
    conv, norm = block[place], block[place + 1]
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(conv, norm)


def _parts(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    assert conv.bias is not None  # a folded one has one
    return conv.weight.detach(), conv.bias.detach()


def _of_enlarged(weight: Tensor) -> Tensor:
    """(D, C, 3, 3) to (C, D, 4, 4): of a transposed convolution, stride 2, which gives what the
    former gives of an image whose pixels were doubled.

    Each pixel reaches the 2 x 2 that it would have become, and these what they would have reached.
    """
    turned = weight.flip(2, 3).transpose(0, 1)  # (C, D, 3, 3)
    wide = functional.pad(turned, (0, 1, 0, 1))
    return sum(  # type: ignore[return-value]
        torch.roll(wide, (down, across), (2, 3)) for down in (0, 1) for across in (0, 1)
    )
