"""Cards that are lent, by a stand-in of the Hub's package `spaces`."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crackdemo.detection import engine, saliency
from crackdemo.detection.engine import Engine
from crackdemo.detection.lent import ZERO_GPU, is_lent, on_card
from crackdemo.detection.saliency import SaliencyConfig, look
from crackdemo.errors import Stopped
from crackdemo.models.classifier import Classifier, ClassifierConfig
from crackdemo.models.family import build_network
from crackdemo.models.vae import VaeConfig

CPU = torch.device("cpu")
ON = {ZERO_GPU: "true"}
ROOT = Path(__file__).parents[3]


class Spaces:
    """What goes to a card and comes back is pickled, as between processes."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.calls = fault, 0
        self.seconds: list[float] = []

    def GPU(self, duration: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        self.seconds.append(duration)

        def decorate(work: Callable[..., Any]) -> Callable[..., Any]:
            def call(*asked: Any) -> Any:
                self.calls += 1
                if self.fault:
                    raise self.fault
                return pickle.loads(pickle.dumps(work(*pickle.loads(pickle.dumps(asked)))))

            return call

        return decorate

    def card(self, work: Callable[..., Any]) -> Callable[..., Any]:
        card = on_card(work, ON, lambda name: {"spaces": self}[name])
        assert card is not None
        return card


def small_network() -> Any:
    torch.manual_seed(0)
    config = VaeConfig((4, 8), skips=False, crack_head=False, latent_size=8, tile_size=32)
    return build_network("vae", config)


def image(side: int = 80) -> np.ndarray:
    return np.random.default_rng(0).random((side, side), np.float32)


class TestOnCard:
    @pytest.mark.parametrize("environment", [{}, {ZERO_GPU: "false"}, {ZERO_GPU: ""}])
    def test_elsewhere_nothing_is_loaded(self, environment: dict[str, str]) -> None:
        def load(name: str) -> None:
            raise AssertionError

        assert not is_lent(environment)
        assert on_card(len, environment, load) is None

    def test_without_the_package_there_is_no_card(self) -> None:
        def load(name: str) -> None:
            raise ImportError

        assert on_card(len, ON, load) is None

    def test_the_work_is_decorated_once_for_a_bounded_time(self) -> None:
        spaces = Spaces()
        card = spaces.card(len)
        assert [card([1, 2]), card([])] == [2, 0]
        assert spaces.calls == 2
        assert len(spaces.seconds) == 1 and 0 < spaces.seconds[0] <= 60

    def test_a_card_that_is_refused_is_no_answer(self) -> None:
        assert Spaces(RuntimeError("quota")).card(len)([1]) is None


class TestEngine:
    def test_a_pass_is_one_call_and_says_what_the_processor_says(self) -> None:
        network, spaces = small_network(), Spaces()
        on_lent = Engine(network, CPU, lent=spaces.card(engine._answers_on_card))
        images = [image(), image(40)]
        plain = Engine(network, CPU, lent=None).answers(images)
        for one, other in zip(on_lent.answers(images), plain, strict=True):
            assert np.allclose(one, other, atol=1e-3)
        assert spaces.calls == 1
        assert on_lent.name is None  # the processor was not asked

    def test_the_processor_computes_where_no_card_is_lent(self) -> None:
        network, spaces = small_network(), Spaces(RuntimeError("quota"))
        refused = Engine(network, CPU, lent=spaces.card(engine._answers_on_card))
        plain = Engine(network, CPU, lent=None).answers([image()])
        assert np.allclose(refused.answers([image()])[0], plain[0], atol=1e-3)

    def test_who_has_stopped_borrows_nothing(self) -> None:
        spaces = Spaces()
        on_lent = Engine(small_network(), CPU, lent=spaces.card(engine._answers_on_card))
        with pytest.raises(Stopped):
            on_lent.answers([image()], lambda: True)
        assert spaces.calls == 0


class TestLook:
    @pytest.mark.parametrize("fault", [None, RuntimeError("quota")])
    def test_all_parts_are_one_call(self, fault: Exception | None) -> None:
        config = SaliencyConfig(method="gradient", tile_size=32, input_size=32)
        network = Classifier(ClassifierConfig(width=4)).eval()
        photo = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
        spaces = Spaces(fault)
        lent = spaces.card(saliency._glances_on_card)
        one = look(network, photo, None, config, lent=lent)
        other = look(network, photo, None, config, lent=None)
        assert np.allclose(one.saliency, other.saliency)
        assert one.parts == other.parts and len(one.parts) > 1
        assert spaces.calls == 1


SCORE = """
import numpy as np, spaces
from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED
from crackdemo.detection.engine import best_device

photo = np.full((64, 64, 3), 128, np.uint8)
for name in ("cae-asphalt", "segmenter-asphalt", "classifier-concrete"):
    spaces.calls.clear()
    load_checkpoint(SHIPPED / name).detector().detect(photo)
    print(name, *spaces.calls)
print(best_device())
"""


@pytest.mark.processes
def test_of_every_kind_only_the_pass_is_done_on_a_card(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(
        "calls = []\n"
        "def GPU(duration):\n"
        "    def decorate(work):\n"
        "        return lambda *asked: calls.append(work.__name__) or work(*asked)\n"
        "    return decorate\n"
    )
    way = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCORE],
        env={**os.environ, **ON, "PYTHONPATH": way},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "cae-asphalt _answers_on_card",
        "segmenter-asphalt _answers_on_card _answers_on_card",  # its evidence is a pass too
        "classifier-concrete _glances_on_card",
        "cpu",
    ]
