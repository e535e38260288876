import pytest

from crackdemo.models.families import FAMILIES
from crackdemo.ui.train.form import wanted_of_corrections


@pytest.mark.parametrize("family", FAMILIES)
def test_what_corrections_teach_is_said_as_it_is(family: str) -> None:
    """A classifier learns nothing from a region that was dropped beside others."""
    told = wanted_of_corrections(family)
    assert ("learnt as a whole" in told) == (family == "classifier")
    assert ("look whether a crack was missed" in told) == (family != "classifier")
