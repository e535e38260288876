import pytest
import torch
from torch import nn

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import SHIPPED, shipped_names
from crackdemo.models.cae import CaeConfig
from crackdemo.models.family import Network, NetworkConfig, build_network
from crackdemo.models.folded import folded
from crackdemo.models.vae import VaeConfig


def answers(network: Network) -> torch.Tensor:
    """To noise, of a size that is no square."""
    torch.manual_seed(0)
    image = torch.rand(2, network.inputs, 4 * network.stride, 6 * network.stride)
    with torch.inference_mode():
        return network.eval().answer(image)


@pytest.mark.parametrize(
    "weights", [name for family in ("cae", "vae") for name in shipped_names(family=family)]
)
def test_a_folded_network_says_the_same(weights: str) -> None:
    network = load_checkpoint(SHIPPED / weights).network
    plain = answers(network)
    assert plain.std() > 0.1
    assert torch.allclose(answers(folded(network)), plain, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("cae", CaeConfig((4, 6, 8), skips=False, crack_head=False)),
        ("vae", VaeConfig((4, 8), skips=False, crack_head=False, latent_size=3)),
        ("vae", VaeConfig((4, 8), latent_size=3)),
    ],
)
def test_with_and_without_skips(family: str, config: NetworkConfig) -> None:
    network = build_network(family, config)
    for module in network.modules():  # as after a fit, none is what it began as
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    for value in network.parameters():
        nn.init.uniform_(value, -0.4, 0.4)
    plain = answers(network)
    assert plain.std() > 0
    assert torch.allclose(answers(folded(network)), plain, atol=1e-5)


def test_no_batch_norm_is_left_and_the_network_itself_stays() -> None:
    network = build_network("cae", CaeConfig((4, 8)))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    result = folded(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in result.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
