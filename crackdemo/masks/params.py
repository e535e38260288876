"""Every setting of a mask."""

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field, Strict, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from crackdemo.configs import SETTINGS, Share, shown
from crackdemo.errors import ConfigError

Kernel: TypeAlias = Literal["ellipse", "rect", "cross"]

KERNELS: tuple[Kernel, ...] = get_args(Kernel)
MAX_KERNEL = 15
"""Largest kernel size in pixels."""
MAX_GROW = 7
"""Largest radius in pixels by which a mask is widened or thinned."""
KERNEL_SIZES = (0, *range(3, MAX_KERNEL + 1, 2))
"""Even kernels would shift a mask by half a pixel."""
_LARGEST_AREA = 10**9
"""More pixels than a photo may have."""


@dataclass(frozen=True, config=SETTINGS)
class MaskParams:
    """How a heatmap becomes a mask; `dataclasses.asdict` is its JSON. The defaults are those of
    the shipped weights."""

    threshold: Annotated[Share, Strict()] = 0.5
    """Share of the heatmap's scale from which a pixel is crack, 0..1; 0.5 is as calibrated."""
    opening: Annotated[int, Strict()] = 0
    """Kernel size in px that removes specks thinner than it; 0 for none, else odd, 3 to 15."""
    closing: Annotated[int, Strict()] = 3
    """Kernel size in px that bridges gaps narrower than it; 0 for none, else odd, 3 to 15."""
    kernel: Kernel = "ellipse"
    """Shape of both kernels: ellipse, rect or cross."""
    grow: Annotated[int, Strict(), Field(ge=-MAX_GROW, le=MAX_GROW)] = 0
    """Radius in px by which the mask is widened, or thinned below 0; -7 to 7, 0 for neither."""
    min_area: Annotated[int, Strict(), Field(ge=0, le=_LARGEST_AREA)] = 40
    """Connected regions of fewer pixels than this are dropped."""

    @field_validator("opening", "closing")
    @classmethod
    def _has_kernel(cls, size: int, info: ValidationInfo) -> int:
        if size not in KERNEL_SIZES:
            raise ConfigError(
                f"{info.field_name} must be 0 (off) or an odd size from 3 to {MAX_KERNEL}, but is "
                f"{shown(size)}."
            )
        return size
