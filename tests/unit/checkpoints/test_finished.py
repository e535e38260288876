"""A checkpoint is told from half of one before anybody loads it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from crackdemo.checkpoints.finished import family_in, metrics_in
from crackdemo.checkpoints.layout import CONFIG, SIZE_LIMITS
from crackdemo.checkpoints.names import SHIPPED, shipped_names


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint"))


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_weights_are_whole(name: str) -> None:
    assert family_in(SHIPPED / name) == name.partition("-")[0]


@pytest.mark.parametrize("kept", [0, 7, 8, 100, -1])
def test_a_file_that_was_cut_short_is_no_checkpoint(folder: Path, kept: int) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:kept])
    assert family_in(folder) is None
    weights.write_bytes(whole)
    assert family_in(folder) == "cae"


@pytest.mark.parametrize("head", [b"[]", b'{"a": {}}', b'{"a": 1}', b"[" * 100_000, b"\xff"])
def test_nor_one_of_another_kind(folder: Path, head: bytes) -> None:
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    assert family_in(folder) is None


@pytest.mark.parametrize("offsets", ["[false, true]", "[0, 1.0]", "[0]", "[0.0, 1]", '"01"'])
def test_nor_one_whose_tensors_lie_at_no_whole_bytes(folder: Path, offsets: str) -> None:
    head = f'{{"a": {{"data_offsets": {offsets}}}}}'.encode()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + b"0")
    assert family_in(folder) is None


ENDLESS = json.dumps({"family": "cae", "more": "a" * 1_000_000})
STRANGE = ('{"family": null}', '{"family": 3}', json.dumps({"family": "a" * 65}), ENDLESS)


@pytest.mark.parametrize("config", ["", "[]", "{}", "[" * 100_000, *STRANGE])
def test_nor_one_whose_config_says_no_family(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    assert family_in(folder) is None
    assert metrics_in(folder) == {}


def test_what_was_measured_is_told(folder: Path) -> None:
    config = folder / "config.json"
    values = json.loads(config.read_text())
    for metrics, told in (({"iou": 0.5}, {"iou": 0.5}), ([1], {}), ("much", {})):
        config.write_text(json.dumps(values | {"metrics": metrics}))
        assert metrics_in(folder) == told


def test_a_config_that_is_too_large_is_not_read(folder: Path) -> None:
    config = folder / "config.json"
    values = json.loads(config.read_text()) | {"metrics": {"iou": 0.5}}
    config.write_text(json.dumps(values).ljust(SIZE_LIMITS[CONFIG] + 1))
    assert metrics_in(folder) == {} and family_in(folder) is None


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_nor_one_that_lacks_a_file_or_has_a_pipe_in_its_place(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert family_in(folder) is None
    os.mkfifo(folder / file)
    assert family_in(folder) is None


def test_one_of_tomorrow_is_named(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"family": "diffusion"}))
    assert family_in(folder) == "diffusion"


def test_what_has_not_changed_is_read_once(folder: Path) -> None:
    """The page asks for all runs every two seconds."""
    config = folder / "config.json"
    assert family_in(folder) == "cae"
    before = config.stat()
    config.write_text(config.read_text().replace('"cae"', '"vae"'))
    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert family_in(folder) == "cae"
    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert family_in(folder) == "vae"
