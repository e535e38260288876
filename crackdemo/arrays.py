"""The arrays that travel between modules: shape, dtype and range, said once.

All images are C-ordered, height before width.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""A photo or reconstruction: (H, W, 3), red-green-blue, 0..255, upright."""

GrayImage: TypeAlias = NDArray[np.float32]
"""One channel: (H, W), 0..1, or flattened illumination units where the docstring says so."""

Residual: TypeAlias = NDArray[np.float32]
"""What reconstruction and photo disagree on: (H, W), >= 0, higher = more crack-like."""

Heatmap: TypeAlias = NDArray[np.uint16]
"""The residual on the checkpoint's fixed scale: (H, W), 0..65535, higher = more crack-like."""

CrackMask: TypeAlias = NDArray[np.bool_]
"""(H, W), True where there is crack."""

ClassMask: TypeAlias = NDArray[np.uint8]
"""(H, W), 0 where there is nothing, else the number of the class that is there, from 1."""

RegionMask: TypeAlias = NDArray[np.bool_]
"""Region of interest: (H, W), True where the photo counts."""
