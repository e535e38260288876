"""Regions of interest as the page keeps them."""

import json

import pytest

from crackdemo.errors import ConfigError
from crackdemo.ui.inspect.regions import Regions, regions_of, regions_text

TRIANGLE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
HASH = "ab" * 32


def test_a_photos_own_region_goes_before_that_of_all() -> None:
    text = json.dumps({"all": [TRIANGLE], "photos": {HASH: []}})
    regions = regions_of(text)
    assert regions.of(HASH) == ()
    assert regions.of("cd" * 32) == (TRIANGLE,)
    assert regions_of(regions_text(regions)) == regions
    assert regions_of("") == regions_of(None) == Regions()


@pytest.mark.parametrize("polygon", [TRIANGLE[:2], ((0, 0), (2, 0), (0, 1))])
def test_corners_that_cannot_be_are_refused(polygon: object) -> None:
    with pytest.raises(ConfigError):
        regions_of(json.dumps({"all": [polygon]}))
