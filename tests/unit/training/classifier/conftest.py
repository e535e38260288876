"""Small photos with a dark line and without."""

from pathlib import Path

import cv2
import numpy as np
import pytest

SHORT = {
    "family": "classifier",
    "network": {"depth": 3, "width": 4},
    "input_size": 32,
    "batch_size": 4,
    "steps_per_epoch": 4,
    "epochs": 3,
    "bfloat16": False,
}
"""Settings of a fit that takes a moment."""


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `walls` of 12 clean and 12 cracked photos, 48 px a side, with the user's splits."""
    folder = tmp_path_factory.mktemp("labelled") / "walls"
    rng = np.random.default_rng(0)
    for number in range(24):
        kind = "cracked" if number % 2 else "clean"
        split = ("train", "train", "validation", "test")[number // 2 % 4]
        photo = rng.normal(150, 8, (48, 48, 3)).clip(0, 255).astype(np.uint8)
        if kind == "cracked":
            a, b = rng.integers(8, 40, 2).tolist()
            cv2.line(photo, (0, a), (47, b), (40, 40, 40), 3)
        path = folder / split / kind / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo)
    return folder
