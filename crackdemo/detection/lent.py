"""A graphics card that is lent for one call at a time: ZeroGPU, hardware of the Hub's Spaces.

A process that split off from this one some time before does the call: what it needs must come with
it, as values, and what it changes stays there. Nothing else may touch the card.
"""

import logging
import os
import pickle
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")

ZERO_GPU = "SPACES_ZERO_GPU"
"""Set by the Hub where cards are lent. Processes that may not borrow are started without it."""
_SECONDS = 30
"""That a card is asked for: who asks for less waits less. 12 megapixels take a few."""
_LOG = logging.getLogger(__name__)


def is_lent(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether cards are lent here; there are no others then."""
    return environment.get(ZERO_GPU, "").lower() in ("1", "t", "true")


class Card(Generic[_Asked, _Answer]):
    """A function on a lent card. Threads may share it."""

    def __init__(self, work: Callable[_Asked, _Answer]) -> None:
        """work: as `spaces.GPU` has decorated it."""
        self._work = work

    def __call__(self, *asked: _Asked.args, **named: _Asked.kwargs) -> _Answer | None:
        """None where no card could be had, as where a visitor has used the day's share of them."""
        try:
            return self._work(*asked, **named)
        except Exception as error:  # gradio's own, of many kinds
            _LOG.warning("The processor computes, for no card was lent: %s", error)
            return None


def on_card(
    work: Callable[_Asked, _Answer],
    environment: Mapping[str, str] = os.environ,
    load: Callable[[str], Any] = import_module,
) -> Card[_Asked, _Answer] | None:
    """To be called once for each function, before the page is launched; None where there are no
    lent cards."""
    if not is_lent(environment):
        return None
    try:
        spaces = load("spaces")
    except ImportError:
        _LOG.warning("The processor computes, for the package “spaces” is missing.")
        return None
    return Card(spaces.GPU(duration=_SECONDS)(work))


def packed(network: Any) -> bytes:
    """A network as it goes along with a call, a megabyte or two: a pickle of this process's own."""
    return pickle.dumps(network)


def unpacked(network: bytes) -> Any:
    """What `packed` packed."""
    return pickle.loads(network)
