"""A checkpoint as an ONNX file: read back by another engine, and as Deepness reads it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from crackdemo.checkpoints import export
from crackdemo.checkpoints.checkpoint import Checkpoint, load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.cli.arguments import main
from crackdemo.errors import ExportError

SIDE = 64


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def data(tiny: Checkpoint) -> bytes:
    return export.onnx_file(tiny, 0.5, SIDE)


def test_what_was_written_agrees_with_torch(tiny: Checkpoint, tmp_path: Path) -> None:
    checked = export.export(tiny, tmp_path / "tiny.onnx", 1.0, SIDE)
    assert checked.engine in ("ONNX Runtime", "OpenVINO")
    assert checked.levels <= export.TOLERANCE
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.onnx"]


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_every_engine_reads_it(tiny: Checkpoint, data: bytes, engine: str) -> None:
    pytest.importorskip(engine)
    run = {"onnxruntime": export._with_onnxruntime, "openvino": export._with_openvino}[engine]
    heatmaps = run(data)(np.full((3, 3, SIDE, SIDE), 0.5, np.float32))
    assert heatmaps.shape == (3, 1, SIDE, SIDE)


def test_deepness_finds_its_metadata(data: bytes) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    assert found == {
        "model_type": "Segmentor",
        "class_names": {"0": "crack"},
        "resolution": 0.05,
        "tile_size": SIDE,
        "tiles_overlap": 25,
        "seg_thresh": 0.3,
        "seg_small_segment": 0,
    }
    for end in (*session.get_inputs(), *session.get_outputs()):
        assert end.shape[2:] == [SIDE, SIDE]  # it takes square tiles of a known size alone


@pytest.mark.parametrize(
    ("weights", "names"),
    [
        ("segmenter-asphalt", {"0": "crack"}),
        (None, {"0": "background", "1": "crack", "2": "joint"}),
    ],
)
def test_a_segmenter_is_exported_with_its_classes(
    classes_checkpoint: Path, tmp_path: Path, weights: str | None, names: dict[str, str]
) -> None:
    checkpoint = load_checkpoint(SHIPPED / weights if weights else classes_checkpoint)
    checked = export.export(checkpoint, tmp_path / "some.onnx", 1.0, SIDE)
    assert checked.levels <= export.TOLERANCE
    assert export.metadata(checkpoint, 1.0, SIDE)["class_names"] == names


def test_a_heatmap_of_gradients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="gradients, which an ONNX file cannot hold"):
        export.export(load_checkpoint(SHIPPED / "classifier-concrete"), tmp_path / "a.onnx", 1.0)
    assert not list(tmp_path.iterdir())


def test_one_that_sees_something_else_is_not_left_behind(
    tiny: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"older")
    monkeypatch.setattr(export, "_engine", lambda data: ("Liar", np.zeros_like))
    with pytest.raises(ExportError, match="Liar sees something else"):
        export.export(tiny, file, 1.0, SIDE)
    assert file.read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_without_an_engine_it_cannot_be_checked(
    tiny: Checkpoint, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "crackdemo.detection.openvino_core", None)
    with pytest.raises(ExportError, match="pip install onnxruntime"):
        export.check(data, tiny, SIDE)


def test_long_values_keep_their_length() -> None:
    entry = export._appended({"k": "v" * 300})
    assert entry == b"\x72\xb4\x02" + b"\x0a\x01k" + b"\x12\xae\x02" + b'"' + b"v" * 300 + b'"'


def test_a_place_that_cannot_be_written_is_one_sentence(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "tiny.onnx"
    assert main(["export", "--model", str(tiny_checkpoint), "--out", str(out)]) == 2
    assert "Nothing can be written" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_says_what_checked_it(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny.onnx"
    assert main(["export", "--model", str(tiny_checkpoint), "--out", str(out)]) == 0
    assert "agrees with torch" in capsys.readouterr().err
    assert out.exists()
