"""The settings of a fit as widgets."""

import pytest

from crackdemo.ui.train.settings import going_on_from


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("vae-concrete", ("vae", "vae-concrete")),
        ("segmenter-asphalt", ("segmenter", "cae-asphalt")),
        ("classifier-concrete", ("classifier", "classifier-concrete")),
        ("owner/cracks", ("cae", "cae-asphalt")),
    ],
)
def test_weights_go_on_with_their_own_family_and_from_themselves_where_they_can(
    weights: str, expected: tuple[str, str]
) -> None:
    assert going_on_from(weights) == expected
