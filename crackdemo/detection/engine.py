"""A network on a device: flattened gray in, what it says of it out, tile by tile.

On a processor OpenVINO computes, on a graphics card, and where OpenVINO cannot, torch.
"""

import copy
import logging
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.arrays import GrayImage
from crackdemo.detection.graph import Answering, onnx_graph
from crackdemo.detection.tiling import run_tiled
from crackdemo.errors import Stopped
from crackdemo.models.family import Network

Run: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A tile (H, W) to what the network says of it, (1 or 2, H, W). Threads may call it at once."""


_LOG = logging.getLogger(__name__)
_AGREEMENT = 1e-3
"""What two engines may differ by, in flattened units: a quarter of a gray level."""


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
        # a copy: `to` and `eval` would change the caller's own network
        self._network = copy.deepcopy(network).eval()

    @cached_property
    def _run(self) -> Run:
        """Made at the first photo: compiling takes a second."""
        if self.device.type == "cpu":
            return _with_openvino(self._network) or _with_torch(self._network, self.device)
        return _with_torch(self._network, self.device)

    def predict(self, image: GrayImage, should_stop: Callable[[], bool] | None = None) -> Answer:
        """Of a flattened gray image (H, W); tiles are blended. Raises Stopped."""

        def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
            if should_stop is not None and should_stop():
                raise Stopped
            return self._run(tile)

        parts = run_tiled(run, image, self._network.stride, self._network.tile_size)
        return Answer(parts[0], parts[1] if len(parts) > 1 else None)


def best_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _with_torch(network: Network, device: torch.device) -> Run:
    on_gpu = device.type == "cuda"
    dtype = torch.float16 if on_gpu else torch.float32
    answering = Answering(network).to(device, dtype)
    # torch's stubs do not know the overload
    answering = answering.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(tile)[None, None].to(device, dtype)
        with torch.inference_mode():
            parts: NDArray[np.float32] = answering(batch)[0].float().cpu().numpy()
        return parts

    return run


def _with_openvino(network: Network) -> Run | None:
    """None where it is not installed, or the network has something that it does not know."""
    try:
        import openvino  # half a second that no start-up should wait for

        core = openvino.Core()
        model = core.compile_model(
            core.read_model(onnx_graph(network)),
            "CPU",
            {
                # it would take half precision by itself where the processor has it
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "NUM_STREAMS": 1,
            },
        )
    except (ImportError, RuntimeError) as error:
        _LOG.info("PyTorch computes, for OpenVINO does not: %s", error)
        return None

    def run(tile: NDArray[np.float32]) -> NDArray[np.float32]:
        # a request of its own: threads may run at once
        results = model.create_infer_request().infer(tile[None, None])
        parts: NDArray[np.float32] = results[0][0]
        return parts

    return run if _agree(run, network) else None


def _agree(run: Run, network: Network) -> bool:
    """Whether a graph says what its network says, of a size that it was not made with."""
    side = network.tile_size or 6 * network.stride
    tile = np.random.default_rng(0).random((side, side), np.float32)
    with_torch = _with_torch(network, torch.device("cpu"))
    if np.allclose(run(tile), with_torch(tile), atol=_AGREEMENT):
        return True
    _LOG.warning("PyTorch computes, for OpenVINO gives other answers.")
    return False
