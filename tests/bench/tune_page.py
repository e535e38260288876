"""How soon the Tune tab shows a set's figures after a move of the threshold.

    python tests/bench/tune_page.py [--photos 200]

loads made counts of so many photos into the tab's own scripts, in Chromium, and prints what a move
takes until figures and curves are laid out: the median and the slowest of 100.
"""

import argparse
import base64
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from crackdemo.ui.tune.summary import STEPS
from tests.e2e.viewer_harness import chromium

UI = Path(__file__).parents[2] / "crackdemo" / "ui"
SCRIPTS = ("viewer/element.js", "tune/counts.js", "tune/charts.js", "tune/tune.js")
MEASURE = """async (data) => {
  const blob = new Blob([JSON.stringify(data)], { type: "application/json" });
  await crackdemo.tune.load([{ url: URL.createObjectURL(blob) }], 0.5);
  const times = [];
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    crackdemo.tune.move(((37 * i) % 100) / 100);
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}"""


def made_data(photos: int) -> dict[str, object]:
    rng = np.random.default_rng(0)

    def falling(most: int) -> np.ndarray:
        return np.sort(rng.integers(0, most, STEPS + 1))[::-1]

    def packed(counts: np.ndarray) -> str:
        return base64.b64encode(counts.astype("<u4").tobytes()).decode()

    entries = []
    for number in range(photos):
        right = falling(9_000)
        entries.append(
            {
                "name": f"{number}.jpg", "part": "test", "score": 0.5, "cracked": True,
                "hasMask": True, "truth": 9_000, "right": packed(right),
                "predicted": packed(right + falling(200_000)),
            }
        )  # fmt: skip
    near = {px: [falling(10**6).tolist()] * 2 for px in ("2", "5")}
    return {
        "weights": "made", "own": {"threshold": 0.5}, "scoreThreshold": 0.5, "photos": entries,
        "near": {"test": near}, "parts": ["test"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    args = parser.parse_args()
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<div id='tune-plots'><div class='tune-place'></div></div>")
        page.evaluate("window.crackdemo = {}")
        page.add_style_tag(content=(UI / "tune" / "tune.css").read_text())
        for script in SCRIPTS:
            page.add_script_tag(content=(UI / script).read_text())
        times = sorted(page.evaluate(MEASURE, json.loads(json.dumps(made_data(args.photos)))))
        print(
            f"threshold move, {args.photos} photos: median {times[len(times) // 2]:.1f} ms, "
            f"slowest {times[-1]:.1f} ms, no request"
        )


if __name__ == "__main__":
    main()
