from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.ui.tune import tab, widgets
from crackdemo.ui.workbench import Workbench
from tests.plain import plain_mask


@pytest.fixture
def demo(tmp_path: Path, tiny_checkpoint: Path) -> gr.Blocks:
    with gr.Blocks() as demo:
        tab.build(Workbench(tmp_path / "scratch", shipped=tiny_checkpoint.parent))
    return demo


def function(demo: gr.Blocks, name: str) -> Any:
    [found] = [each.fn for each in demo.fns.values() if getattr(each.fn, "__name__", "") == name]
    return found


def test_a_newly_scored_set_takes_what_was_on_show_of_the_former_one_away(
    demo: gr.Blocks, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    for kind, pixels in (("photo", np.full((40, 50, 3), 120)), ("mask", np.eye(40, 50) * 255)):
        (tmp_path / kind).mkdir()
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / kind / "1.png")
    photos, masks = ([str(tmp_path / kind / "1.png")] for kind in ("photo", "mask"))
    visitor = SimpleNamespace(session_hash="one")
    run = function(demo, "run")
    *_, last = run(widgets.UPLOAD, photos, masks, "", ["tiny"], "others", visitor)
    told = {component.elem_id: update for component, update in last.items()}
    assert "1 of 1 photos" in told["tune-status"]
    assert "tiny's own settings" in told["tune-status"].replace("&#x27;", "'")
    assert told["tune-closing"] == load_checkpoint(tiny_checkpoint).config.mask.closing
    _, set_id = [update for part, update in last.items() if isinstance(part, gr.State) and update]
    settings = astuple(plain_mask())
    recounted = function(demo, "recount")(set_id, "tiny", "Dice", "all", *settings)
    assert any("by the server on 1 photo of “" in str(each) for each in recounted.values())
    *_, again = run(widgets.UPLOAD, photos, masks, "", ["tiny"], "tiny", visitor)
    assert not any(part.elem_id == "tune-closing" for part in again)  # what a hand has set stays
    assert told["tune-found"] == ""
    for name in ("tune-photo", "tune-use", "tune-preset"):
        assert told[name].visible is False


def test_more_weights_than_can_stand_beside_each_other_are_refused(demo: gr.Blocks) -> None:
    visitor = SimpleNamespace(session_hash="one")
    names = [f"weights-{number}" for number in range(5)]
    *_, last = function(demo, "run")(widgets.UPLOAD, [], [], "", names, "tiny", visitor)
    assert any("5 weights are more than 4" in str(update) for update in last.values())
