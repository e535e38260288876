"""What the page shows first: examples on which the default weights are right."""

import cv2
import numpy as np

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import DEFAULT_WEIGHTS, SHIPPED
from crackdemo.inspection.verdict import judge
from crackdemo.masks.presets import Preset
from crackdemo.photos.images import read_photo
from crackdemo.synthesis.examples import make_examples
from crackdemo.ui.inspect.examples import example_photos

_REACH = np.ones((7, 7), np.uint8)


def test_the_default_weights_are_right_on_every_example() -> None:
    """The gravel that was among them showed 20 regions of its own, and 133 with older weights."""
    checkpoint, truths = load_checkpoint(SHIPPED / DEFAULT_WEIGHTS), make_examples()
    detector, states = checkpoint.detector(), {}
    for file in example_photos():
        detection = detector.detect(read_photo(file))
        verdict = judge(detection, detector, Preset(checkpoint.config.mask))
        truth = truths[file.stem].gt_mask
        states[file.stem] = verdict.state
        near = cv2.dilate(truth.astype(np.uint8), _REACH) > 0
        count, labels = cv2.connectedComponents(verdict.mask.astype(np.uint8))
        false = [n for n in range(1, count) if not near[labels == n].any()]
        assert false == [], f"{file.stem} shows {len(false)} false regions"
        found = cv2.dilate(verdict.mask.astype(np.uint8), _REACH) > 0
        assert found[truth].mean() > 0.95 or not truth.any()
    assert states.pop("asphalt-clean") == "no_crack"
    assert "wall-crack" in states and set(states.values()) == {"crack"}
