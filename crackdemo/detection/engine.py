"""A network on a device: images in, what it says of them out, by batches of tiles.

On a processor OpenVINO computes, on a graphics card, and where OpenVINO cannot, torch. A card that
is only lent has a whole pass at once.
"""

import copy
import logging
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.detection.bands import Rows, from_half, half
from crackdemo.detection.freed import give_back_freed
from crackdemo.detection.graph import Answering, onnx_graph
from crackdemo.detection.lent import Card, is_lent, on_card, packed, unpacked
from crackdemo.detection.tiling import Tiles
from crackdemo.errors import Stopped
from crackdemo.models.family import Network
from crackdemo.models.folded import folded
from crackdemo.parallel import in_order

Run: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Tiles (N, inputs, H, W) to what the network says of them, (N, C, H, W). Threads may call it at
once."""


class _Engine(NamedTuple):
    """What computes."""

    run: Run
    """Its one function."""
    name: str
    """For people."""
    batch: int
    """Tiles that it takes at once."""
    rest: Callable[[], None] = lambda: None
    """Gives back what it needs for a pass alone."""


_LOG = logging.getLogger(__name__)
_GPU_BATCH = 8
"""Tiles of a row that a graphics card takes at once: 12 megapixels."""
_LARGE = 4_000_000
"""Pixels of a pass after which its memory is given back: a small photo's next pass would need it
again at once, and loses a tenth of its time."""


class _Precision(NamedTuple):
    """In which OpenVINO computes."""

    hint: str
    """Its word for it."""
    name: str
    """For people."""
    agreement: float
    """What the answers may differ by from torch's in full precision, of 1."""


_FULL = _Precision("f32", "full precision", 1e-3)  # a quarter of a gray level
_BFLOAT16 = _Precision("bf16", "bfloat16", 0.1)  # the crack head's worst pixel of a million: .05


class Answer(NamedTuple):
    """What a network that rebuilds says of an image; both (H, W), kept in half precision."""

    change: Rows
    """What its reconstruction is more than the image, in flattened units."""
    crack: Rows | None
    """How likely each pixel is crack, 0..1; None without a crack head."""


Values: TypeAlias = NDArray[Any]
"""(N, C, H, W)."""
Images: TypeAlias = Sequence[Rows | NDArray[np.float32]]
"""Each (H, W), or an array (inputs, H, W)."""
Keep: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], Values]
"""Images (N, inputs, H, W) and answers (N, C, H, W) to what is kept of these."""


def _answers_on_card(network: bytes, images: Images) -> list[NDArray[np.float32]]:
    return Engine(unpacked(network), device_here(), lent=None).answers(images)


LENT: Card[[bytes, Images], list[NDArray[np.float32]]] | None = on_card(_answers_on_card)
"""`Engine.answers` on a card that is lent; None where none are."""


class Engine:
    """Runs a network on images of any size. Threads may share it: the network is only read."""

    def __init__(
        self,
        network: Network,
        device: torch.device,
        streams: int = 1,
        lent: Callable[[bytes, Images], list[NDArray[np.float32]] | None] | None = LENT,
    ) -> None:
        """streams: batches of tiles that a processor computes side by side, each with its share of
        the threads: more than one helps where there are many, and costs a single small one time.
        lent: computes instead of the device, where it can."""
        self.device, self._lent = device, lent
        self.streams = streams if device.type == "cpu" else 1
        # a copy: `to` and `eval` would change the caller's own network
        self._network = copy.deepcopy(network).eval()
        self._compiling = threading.Lock()
        self._engine: _Engine | None = None

    @property
    def name(self) -> str | None:
        """What computes, and where and how, for people; None before the first image."""
        return self._engine and self._engine.name

    def _started(self) -> _Engine:
        """Made at the first photo: compiling takes a second."""
        with self._compiling:
            if self._engine is None:
                with_openvino = None
                if self.device.type == "cpu":
                    with_openvino = _with_openvino(self._network, self.streams)
                self._engine = with_openvino or _with_torch(self._network, self.device)
            return self._engine

    def predict(
        self, images: Sequence[Rows], should_stop: Callable[[], bool] | None = None
    ) -> list[Answer]:
        """Of flattened gray images (H, W), by a network that rebuilds. Raises Stopped."""
        return [_answer(each) for each in self._each(images, should_stop, _changes)]

    def answers(
        self, images: Images, should_stop: Callable[[], bool] | None = None
    ) -> list[NDArray[np.float32]]:
        """The network's `answer` to images (H, W) or (inputs, H, W), each (C, H, W); tiles are
        blended. Raises Stopped."""
        return self._each(images, should_stop, lambda images, answers: answers)

    def _each(
        self, images: Images, should_stop: Callable[[], bool] | None, keep: Keep
    ) -> list[Values]:
        if self._lent is not None and not (should_stop is not None and should_stop()):
            arrays = [np.asarray(image[:]) for image in images]
            answers = self._lent(packed(self._network), arrays)
            if answers is not None:
                return [
                    keep(image[None, None], answer[None])[0]
                    for image, answer in zip(arrays, answers, strict=True)
                ]
        return self._each_here(images, should_stop, keep)

    def _each_here(
        self, images: Images, should_stop: Callable[[], bool] | None, keep: Keep
    ) -> list[Values]:
        engine = self._started()
        network = self._network
        all_tiles = [Tiles(image, network.stride, network.tile_size) for image in images]
        batches = ((tiles, batch) for tiles in all_tiles for batch in tiles.batches(engine.batch))

        def run(work: tuple[Tiles, NDArray[np.float32]]) -> tuple[Tiles, Values]:
            if should_stop is not None and should_stop():
                raise Stopped
            tiles, batch = work
            return tiles, keep(batch, engine.run(batch))

        for tiles, answers in in_order(run, batches, self.streams, self.streams - 1):
            tiles.put(answers)
        if sum(math.prod(image.shape[-2:]) for image in images) > _LARGE:
            engine.rest()
        return [tiles.whole() for tiles in all_tiles]


def _changes(images: NDArray[np.float32], answers: NDArray[np.float32]) -> Values:
    """What is kept of the answers of a network that rebuilds."""
    answers[:, :1] -= images
    return half(answers)


def _answer(parts: NDArray[np.float16]) -> Answer:
    return Answer(from_half(parts[0]), from_half(parts[1]) if len(parts) > 1 else None)


def best_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU; where cards are only lent, the CPU:
    what torch says of them there does not hold."""
    return torch.device("cpu") if is_lent() else device_here()


def device_here() -> torch.device:
    """The best one as torch says it."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _with_torch(network: Network, device: torch.device) -> _Engine:
    if device.type == "cuda":
        name = f"PyTorch on {torch.cuda.get_device_name(device)}, half precision"
        return _Engine(_run_by_card(network, device), name, _GPU_BATCH)
    where = "the processor" if device.type == "cpu" else device.type.upper()
    name = f"PyTorch on {where}, full precision"
    return _Engine(_run_by_torch(network, device, torch.float32), name, 1)


def _run_by_card(network: Network, device: torch.device) -> Run:
    """Folded where cuDNN has such convolutions."""
    run = _run_by_torch(folded(network), device, torch.float16)
    try:
        run(_trial_tiles(network))
    except RuntimeError as error:
        _LOG.info("The network is computed as it is, for cuDNN refuses it folded: %s", error)
        return _run_by_torch(network, device, torch.float16)
    return run


def _run_by_torch(network: Network, device: torch.device, dtype: torch.dtype) -> Run:
    # of a copy again: the same network may be asked in other precisions
    answering = Answering(copy.deepcopy(network)).to(device, dtype)
    # torch's stubs do not know the overload
    answering = answering.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(tiles).to(device, dtype)
        batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            answers: NDArray[np.float32] = answering(batch).float().cpu().numpy()
        return answers

    return run


def _with_openvino(network: Network, streams: int) -> _Engine | None:
    """In the fastest precision that the processor has and the network bears; None where OpenVINO
    is not installed, or the network has something that it does not know."""
    try:
        from crackdemo.detection.openvino_core import CORE  # no start-up should wait for it

        has_bfloat16 = "BF16" in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        for precision in (_BFLOAT16, _FULL) if has_bfloat16 else (_FULL,):
            engine = _by_openvino(network, streams, precision)
            if _agree(engine.run, network, precision.agreement):
                return engine
    except (ImportError, RuntimeError) as error:
        _LOG.info("PyTorch computes, for OpenVINO does not: %s", error)
        return None
    _LOG.warning("PyTorch computes, for OpenVINO gives other answers.")
    return None


def _by_openvino(network: Network, streams: int, precision: _Precision) -> _Engine:
    """Raises ImportError or RuntimeError where it cannot."""
    from crackdemo.detection.openvino_core import CORE

    model = CORE.compile_model(
        CORE.read_model(onnx_graph(network)),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision.hint,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": streams,
            # else each process takes the same cores, whatever others are idle
            "ENABLE_CPU_PINNING": False,
        },
    )

    # threads may run at once, each with a request of its own; these are kept, for a new one waits
    # until all that run are done
    idle: SimpleQueue[Any] = SimpleQueue()

    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            request = idle.get_nowait()
        except Empty:
            request = model.create_infer_request()
        answers: NDArray[np.float32] = request.infer(tiles)[0]
        idle.put(request)
        return answers

    def rest() -> None:
        with suppress(RuntimeError):  # another thread's pass is going on, which rests later
            model.release_memory()
            give_back_freed()

    name = f"OpenVINO {version('openvino')} on the processor, {precision.name}"
    return _Engine(run, name, 1, rest)


def _agree(run: Run, network: Network, agreement: float) -> bool:
    """Whether a graph says what its network says, of a size that it was not made with."""
    tiles = _trial_tiles(network)
    with_torch = _run_by_torch(network, torch.device("cpu"), torch.float32)
    return np.allclose(run(tiles), with_torch(tiles), rtol=0, atol=agreement)


def _trial_tiles(network: Network) -> NDArray[np.float32]:
    side = network.tile_size or 6 * network.stride
    return np.random.default_rng(0).random((1, network.inputs, side, side), np.float32)
