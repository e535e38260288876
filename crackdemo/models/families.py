"""The registry of model families: nothing else names one. Free of torch, which takes seconds."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from crackdemo.errors import ConfigError

if TYPE_CHECKING:
    from crackdemo.models.family import Family

_MODULES = {
    "cae": "crackdemo.models.cae",
    "vae": "crackdemo.models.vae",
    "classifier": "crackdemo.models.classifier",
    "segmenter": "crackdemo.models.segmenter",
}
"""Family to the module whose FAMILY says all else."""

FAMILIES = tuple(_MODULES)


@cache
def family_named(name: str) -> "Family":
    """What a family is made of. Raises ConfigError for one that there is not."""
    if name not in FAMILIES:
        raise ConfigError(f"The family must be {' or '.join(FAMILIES)}, but is {name!r}.")
    family: Family = import_module(_MODULES[name]).FAMILY
    return family
