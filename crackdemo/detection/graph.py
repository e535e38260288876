"""A network as an ONNX graph, for engines that are not torch."""

import io
import threading
import warnings

import torch
from torch import Tensor, nn

from crackdemo.models.family import Network
from crackdemo.models.folded import folded

INPUT, OUTPUT = "image", "prediction"
_OPSET = 17
"""Every engine in use knows it."""
_TRACING = threading.Lock()
"""The exporter says in a global that it is at work, and refuses a second thread."""


class Answering(nn.Module):
    """A network as one function: `Network.answer`."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network.answer(image)


def onnx_graph(network: Network) -> bytes:
    """Of an evaluated network: INPUT to OUTPUT as in `Answering`, for any number of images, and
    sizes in multiples of its stride unless it takes only one. Raises RuntimeError."""
    side = network.tile_size or 4 * network.stride
    sizes = {} if network.tile_size else {2: "height", 3: "width"}
    return traced(Answering(folded(network)), torch.zeros(1, network.inputs, side, side), sizes)


def traced(module: nn.Module, images: Tensor, sizes: dict[int, str]) -> bytes:
    """INPUT to OUTPUT of a module, for any number of images like these; `sizes` names their other
    axes that may differ too. Raises RuntimeError."""
    axes = {0: "images", **sizes}
    file = io.BytesIO()
    with _TRACING, warnings.catch_warnings(), torch.inference_mode(False):
        # that this exporter is the older one (the newer needs two more packages and ten times as
        # long), and that sizes may be frozen, which whoever uses the graph checks
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (images,),
            file,  # type: ignore[arg-type]  # the stubs know paths alone
            dynamo=False,
            opset_version=_OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: axes, OUTPUT: axes},
        )
    return file.getvalue()
