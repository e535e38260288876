import numpy as np
import pytest

from crackdemo.detection.calibration import Calibration
from crackdemo.detection.detector import Detection
from crackdemo.detection.score import photo_score
from crackdemo.inspection.verdict import Verdict, judge
from crackdemo.masks.presets import Points, Preset
from tests.fakes import FakeDetector
from tests.plain import plain_mask

CALIBRATION = Calibration(
    r0=0.1, score_threshold=0.75, score_top_share=0.02, clean_quantiles={"0.5": 0.1}
)
LEFT_HALF = ((0.0, 0.0), (0.45, 0.0), (0.45, 1.0), (0.0, 1.0))


def detection_of(heatmap: np.ndarray) -> Detection:
    reconstruction = np.zeros((*heatmap.shape, 3), np.uint8)
    return Detection(reconstruction, heatmap, photo_score(heatmap, CALIBRATION.score_top_share))


def judged(detection: Detection, preset: Preset, dropped: Points = ()) -> Verdict:
    return judge(detection, FakeDetector(detection, calibration=CALIBRATION), preset, dropped)


@pytest.fixture
def detection() -> Detection:
    """A weak line in the left half and a strong one in the right half."""
    heatmap = np.zeros((20, 40), np.uint16)
    heatmap[4:16, 5] = 40_000
    heatmap[4:16, 30:32] = 60_000
    return detection_of(heatmap)


def test_mask_and_measures_are_of_one_cut(detection: Detection) -> None:
    verdict = judged(detection, Preset(plain_mask(), mm_per_px=0.5))
    assert np.array_equal(verdict.mask, detection.heatmap >= 32768)
    assert verdict.report.components == 2
    assert verdict.report.length_mm == verdict.report.length_px / 2
    assert verdict.report.crack_percent == pytest.approx(100 * 36 / 800)


def test_the_score_is_the_detections_whatever_the_mask_settings(detection: Detection) -> None:
    for params in (plain_mask(), plain_mask(threshold=1), plain_mask(min_area=500)):
        verdict = judged(detection, Preset(params))
        assert verdict.score == detection.score
        assert verdict.crack


def test_outside_the_region_of_interest_nothing_counts(detection: Detection) -> None:
    verdict = judged(detection, Preset(plain_mask(), region=(LEFT_HALF,)))
    assert verdict.mask.sum() == 12
    assert not verdict.mask[:, 20:].any()
    assert verdict.report.crack_percent == pytest.approx(100 * 12 / (20 * 19))
    assert not verdict.crack
    left = detection_of(np.ascontiguousarray(detection.heatmap[:, :19]))
    assert verdict.score == left.score


def test_what_a_person_dropped_on_a_photo_is_gone_from_that_photo_alone(
    detection: Detection,
) -> None:
    preset = Preset(plain_mask())
    kept = judged(detection, preset)
    assert (kept.report.components, kept.dropped_percent) == (2, 0)
    verdict = judged(detection, preset, ((30, 6), (0, 0)))
    assert np.array_equal(np.argwhere(verdict.mask)[:, 1], [5] * 12)
    assert verdict.dropped_percent == pytest.approx(100 * 24 / 800)
    assert (verdict.report.components, verdict.score) == (1, detection.score)


def test_a_score_at_the_threshold_is_a_crack() -> None:
    at_threshold = detection_of(np.full((8, 8), 49152, np.uint16))
    assert judged(at_threshold, Preset(plain_mask(threshold=1))).crack
    below = detection_of(np.full((8, 8), 49151, np.uint16))
    assert not judged(below, Preset(plain_mask())).crack


class TestState:
    def test_crack_where_score_and_mask_say_so(self, detection: Detection) -> None:
        assert judged(detection, Preset(plain_mask())).state == "crack"

    def test_check_where_the_score_alone_says_so(self, detection: Detection) -> None:
        assert judged(detection, Preset(plain_mask(threshold=1))).state == "check"

    def test_check_where_the_mask_alone_says_so(self, detection: Detection) -> None:
        verdict = judged(detection, Preset(plain_mask(), region=(LEFT_HALF,)))
        assert not verdict.crack
        assert verdict.state == "check"

    def test_no_crack_where_neither_says_so(self) -> None:
        assert judged(detection_of(np.zeros((20, 40), np.uint16)), Preset(plain_mask())).state == (
            "no_crack"
        )

    def test_a_person_who_dropped_all_that_was_marked_has_the_last_word(
        self, detection: Detection
    ) -> None:
        verdict = judged(detection, Preset(plain_mask()), dropped=((5, 10), (30, 10)))
        assert verdict.crack
        assert verdict.state == "no_crack"

    def test_dropping_one_of_two_changes_nothing(self, detection: Detection) -> None:
        assert judged(detection, Preset(plain_mask()), dropped=((5, 10),)).state == "crack"
