"""A network on a device: flattened gray in, what it says of it out, tile by tile."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.detection.tiling import run_tiled
from crackdemo.errors import Stopped
from crackdemo.models.family import Network


class Answer(NamedTuple):
    """What a network says of an image; both (H, W)."""

    reconstruction: GrayImage
    """In flattened units."""
    crack: GrayImage | None
    """How likely each pixel is crack, 0..1; None without a crack head."""


class Engine:
    """Runs a network on images of any size. Threads may share it: the network is only read."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self.device = device
        on_gpu = device.type == "cuda"
        self._dtype = torch.float16 if on_gpu else torch.float32
        # a copy: `to` and `eval` would change the caller's own network
        network = copy.deepcopy(network).to(device, self._dtype).eval()
        if on_gpu:  # torch's stubs do not know the overload
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network

    def predict(self, image: GrayImage, should_stop: Callable[[], bool] | None = None) -> Answer:
        """Of a flattened gray image (H, W); tiles are blended. Raises Stopped."""

        def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
            if should_stop is not None and should_stop():
                raise Stopped
            batch = torch.from_numpy(tile)[None, None].to(self.device, self._dtype)
            with torch.inference_mode():
                prediction = self._network.predict(batch)
                parts = [prediction.reconstruction[0, 0]]
                if prediction.crack_logits is not None:
                    parts.append(torch.sigmoid(prediction.crack_logits[0, 0]))
                return torch.stack(parts).float().cpu().numpy()

        parts = run_tiled(run, image, self._network.stride, self._network.tile_size)
        return Answer(parts[0], parts[1] if len(parts) > 1 else None)


def best_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
