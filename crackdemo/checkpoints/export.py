"""A checkpoint as one ONNX file that other programs run, QGIS with its Deepness plugin first.

The graph is the whole detector: a colour tile in, its heatmap out, 0..1. What a program has to know
stands in the file's metadata under the keys that Deepness reads, each value as JSON.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from crackdemo.checkpoints.checkpoint import Checkpoint
from crackdemo.detection.graph import INPUT, traced
from crackdemo.detection.heatmaps import HeatmapConfig
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.detection.whole import WholeDetector, WholeSegmenter
from crackdemo.errors import ExportError
from crackdemo.files import make_folder, reason_of, written_whole
from crackdemo.masks.classes import BACKGROUND, CRACK

SIDE = 1024
"""Pixels a side of the tiles that the graph takes: what lies around a crack tells how dense its
surroundings are, so that smaller tiles see less."""
OVERLAP_PERCENT = 25
"""Of a tile's side, shared with its neighbour."""
TOLERANCE = 64
"""Levels, of the heatmap's 65,536, by which an engine may differ from torch."""

Run: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""RGB tiles (N, 3, side, side) in 0..1 to heatmaps as shares (N, C, side, side)."""


class Checked(NamedTuple):
    """How a written file compares with torch."""

    engine: str
    """What ran it."""
    levels: float
    """The largest difference of two heatmaps, of 65,536 levels."""


def export(checkpoint: Checkpoint, path: Path, mm_per_px: float, side: int = SIDE) -> Checked:
    """Writes the ONNX file whole, once another engine has run it and agrees with torch.

    mm_per_px: of the photos that it is meant for. Raises ExportError, and FolderError where nothing
    can be written there; then no file is left, or the older one as it was.
    """
    make_folder(path.parent)
    data = onnx_file(checkpoint, mm_per_px, side)
    try:
        with written_whole(path) as building:
            building.write_bytes(data)
            checked = check(building.read_bytes(), checkpoint, side)
    except OSError as error:
        raise ExportError(
            f"“{path.name}” cannot be written ({reason_of(error)}): give another file for --out."
        ) from None
    return checked


def onnx_file(checkpoint: Checkpoint, mm_per_px: float, side: int = SIDE) -> bytes:
    """The file's content; torch alone makes it. Raises ExportError."""
    try:
        graph = traced(_whole(checkpoint, side), torch.zeros(1, 3, side, side), {})
    except RuntimeError as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise ExportError(
            f"This network cannot be written as ONNX ({first}): use other weights."
        ) from None
    return graph + _appended(metadata(checkpoint, mm_per_px, side))


def metadata(checkpoint: Checkpoint, mm_per_px: float, side: int = SIDE) -> dict[str, Any]:
    """What Deepness reads, by its keys; resolution is in centimetres per pixel."""
    classes = checkpoint.network.config.classes
    names = (CRACK,) if len(classes) == 1 else (BACKGROUND, *classes)
    return {
        "model_type": "Segmentor",
        "class_names": {str(place): name for place, name in enumerate(names)},
        "resolution": mm_per_px / 10,
        "tile_size": side,
        "tiles_overlap": OVERLAP_PERCENT,
        "seg_thresh": checkpoint.config.mask.threshold,
        # side of a median filter over the mask: any would take away cracks of a pixel or two
        "seg_small_segment": 0,
    }


def check(data: bytes, checkpoint: Checkpoint, side: int = SIDE) -> Checked:
    """Runs a file's content beside torch, two tiles at once. Raises ExportError where there is no
    engine to run it, or it sees something else."""
    engine, run = _engine(data)
    tiles = _trial(side)
    with torch.inference_mode():
        expected = _whole(checkpoint, side)(torch.from_numpy(tiles)).numpy()
    levels = 65536 * float(np.abs(run(tiles) - expected).max())
    if not levels <= TOLERANCE:
        raise ExportError(
            f"{engine} sees something else in the exported file than torch, by {levels:.0f} of "
            "65,536 levels: nothing was written; update both and try again."
        )
    return Checked(engine, levels)


def _whole(checkpoint: Checkpoint, side: int) -> WholeDetector | WholeSegmenter:
    network, config = checkpoint.network, checkpoint.config
    if isinstance(config.heatmap, HeatmapConfig):
        return WholeDetector(network, config.detector, side).eval()
    if isinstance(config.heatmap, ProbabilityConfig):
        calibration, threshold = config.calibration, config.mask.threshold
        return WholeSegmenter(
            network, config.flatten, config.heatmap, calibration, threshold, side
        ).eval()
    raise ExportError(
        "The heatmap of these weights is made of their gradients, which an ONNX file cannot hold: "
        "leave it out, or use weights of another family."
    )


def _engine(data: bytes) -> tuple[str, Run]:
    """ONNX Runtime, which QGIS runs too, or else OpenVINO."""
    try:
        return "ONNX Runtime", _with_onnxruntime(data)
    except ImportError:
        pass
    try:
        return "OpenVINO", _with_openvino(data)
    except ImportError:
        raise ExportError(
            "The exported file cannot be checked, for neither ONNX Runtime nor OpenVINO is "
            "installed: pip install onnxruntime."
        ) from None


def _with_onnxruntime(data: bytes) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])

    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        heatmaps: NDArray[np.float32] = session.run(None, {INPUT: tiles})[0]
        return heatmaps

    return run


def _with_openvino(data: bytes) -> Run:
    from crackdemo.detection.openvino_core import CORE

    full = {"INFERENCE_PRECISION_HINT": "f32"}
    model = CORE.compile_model(CORE.read_model(data), "CPU", full)

    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        heatmaps: NDArray[np.float32] = model(tiles)[0]
        return heatmaps

    return run


def _trial(side: int) -> NDArray[np.float32]:
    """Two tiles of noise, each with a dark line."""
    tiles = np.random.default_rng(0).normal(150, 12, (2, side, side, 3)).clip(0, 255)
    tiles = tiles.astype(np.uint8)
    for number, tile in enumerate(tiles):
        cv2.line(tile, (0, side // 3), (side, side // (2 + number)), (60, 55, 45), 3)
    return np.ascontiguousarray(tiles.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def _appended(entries: Mapping[str, Any]) -> bytes:
    """Metadata as what an ONNX file, a protobuf message, may be lengthened by: its field 14, a
    message of key (1) and value (2) for each entry. The package that knows them is not needed."""
    message = b""
    for key, value in entries.items():
        entry = _field(1, key.encode()) + _field(2, json.dumps(value).encode())
        message += _field(14, entry)
    return message


def _field(number: int, content: bytes) -> bytes:
    """One of protobuf's length-delimited fields."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the eighth set."""
    more = value >> 7
    return bytes([value & 127 | 128]) + _varint(more) if more else bytes([value])
