from typing import Any

import pytest
import torch

from crackdemo.errors import ConfigError
from crackdemo.models.cae import Cae, CaeConfig
from crackdemo.models.families import FAMILIES, family_named
from crackdemo.models.family import build_network
from crackdemo.models.losses import kl_divergence
from crackdemo.models.vae import Vae, VaeConfig
from tests.plain import network_of

TINY = (4, 8, 8)  # a stride of 4


def images(count: int = 2, height: int = 24, width: int = 32) -> torch.Tensor:
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(1))


def every_config() -> list[CaeConfig | VaeConfig]:
    switches = [(skips, head) for skips in (True, False) for head in (True, False)]
    return [
        *(CaeConfig(TINY, skips, head) for skips, head in switches),
        *(VaeConfig(TINY, skips, head, latent_size=5) for skips, head in switches),
        *(VaeConfig(TINY, skips, head, latent_size=7, tile_size=24) for skips, head in switches),
    ]


def jolt(network: Cae | Vae) -> Cae | Vae:
    """With random weights everywhere: a fresh network with skips changes nothing."""
    generator = torch.Generator().manual_seed(2)
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
    return network.eval()


@pytest.mark.parametrize("config", every_config(), ids=str)
def test_reconstruction_and_crack_logits_have_the_images_shape(config):
    network = network_of(config)
    image = images(width=24)
    prediction = network(image)
    assert network.reconstruct(image).shape == image.shape
    assert prediction.reconstruction.shape == image.shape
    assert prediction.kl.shape == ()
    if config.crack_head:
        assert prediction.crack_logits.shape == image.shape
    else:
        assert prediction.crack_logits is None


@pytest.mark.parametrize("config", every_config(), ids=str)
def test_every_weight_that_an_image_passes_gets_a_gradient(config):
    network = jolt(network_of(config)).train()
    prediction = network(images(width=24))
    loss = prediction.reconstruction.square().mean() + prediction.kl
    if prediction.crack_logits is not None:
        loss = loss + prediction.crack_logits.square().mean()
    loss.backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    assert without == []
    assert [name for name, p in network.named_parameters() if not p.grad.any()] == []


@pytest.mark.parametrize("height, width", [(4, 4), (4, 64), (28, 12), (100, 36)])
@pytest.mark.parametrize("config", [CaeConfig(TINY), VaeConfig(TINY)], ids=str)
def test_a_spatial_network_takes_any_multiple_of_its_stride(config, height, width):
    network = network_of(config).eval()
    assert network.stride == 4
    assert network.tile_size is None
    image = images(1, height, width)
    assert network.reconstruct(image).shape == image.shape


@pytest.mark.parametrize("config", [CaeConfig(TINY), VaeConfig(TINY)], ids=str)
def test_a_fully_convolutional_network_sees_a_crop_as_it_sees_the_whole(config):
    network = jolt(network_of(config))
    image = images(1, 96, 96)
    with torch.no_grad():
        whole = network.reconstruct(image)
        crop = network.reconstruct(image[..., 8:88, 8:88])
    inside = slice(32, 48)  # farther from the crop's border than the network's eye reaches
    assert torch.allclose(whole[..., 40:56, 40:56], crop[..., inside, inside], atol=1e-5)


@pytest.mark.parametrize("family", ["cae", "vae"])
def test_decoding_what_was_encoded_is_the_reconstruction(family):
    kind: type[Any] = family_named(family).config
    network = jolt(network_of(kind(channels=TINY)))
    image = images()
    with torch.no_grad():
        code = network.encode(image)
        decoded = (
            network.decode(code)
            if isinstance(network, Cae)
            else network.decode(code.mu, code.skips)
        )
        assert torch.equal(decoded, network.reconstruct(image))


@pytest.mark.parametrize("config", [c for c in every_config() if not c.skips], ids=str)
def test_without_skips_the_reconstruction_stays_in_0_to_1(config):
    network = jolt(network_of(config))
    with torch.no_grad():
        answer = network.reconstruct(images(width=24) * 20 - 10)
    assert answer.min() >= 0
    assert answer.max() <= 1
    assert answer.std() > 0


@pytest.mark.parametrize("config", [CaeConfig(TINY), VaeConfig(TINY)], ids=str)
def test_a_fresh_network_with_skips_changes_nothing(config):
    image = images()
    with torch.no_grad():
        assert torch.equal(network_of(config).eval().reconstruct(image), image)


def test_a_variational_autoencoder_reconstructs_without_noise_but_trains_with_it():
    network = jolt(Vae(VaeConfig(TINY, skips=False)))
    assert isinstance(network, Vae)
    image = images()
    with torch.no_grad():
        assert torch.equal(network.reconstruct(image), network.reconstruct(image))
        first, second = network(image).reconstruction, network(image).reconstruction
        posterior = network.encode(image)
        from_mu = network.decode(posterior.mu, posterior.skips)
        assert torch.equal(network.reconstruct(image), from_mu)
    assert not torch.equal(first, second)


def test_the_latent_is_sampled_from_the_posterior():
    network = Vae(VaeConfig(TINY, latent_size=2, tile_size=24))
    posterior = network.encode(images(1, 24, 24))
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = torch.cat([network.sample(posterior) for _ in range(4000)])
    sigma = torch.exp(0.5 * posterior.log_var[0])
    assert torch.allclose(drawn.mean(0), posterior.mu[0], atol=0.1 * sigma.max().item())
    assert torch.allclose(drawn.std(0), sigma, rtol=0.1)


def test_the_kl_divergence_is_that_of_the_posterior():
    network = jolt(Vae(VaeConfig(TINY)))
    image = images()
    with torch.no_grad():
        posterior = network.encode(image)
        expected = kl_divergence(posterior.mu, posterior.log_var)
        assert network(image).kl.item() == pytest.approx(expected.item(), rel=1e-5)
        assert build_network("cae", CaeConfig(TINY)).eval()(image).kl.item() == 0


def test_the_variance_of_wild_input_stays_finite():
    network = jolt(Vae(VaeConfig(TINY, skips=False)))
    with torch.no_grad():
        assert torch.isfinite(network(images() * 1e6).kl)


def test_a_dense_latent_of_128_sees_tiles():
    network = Vae(VaeConfig(TINY, skips=False, latent_size=128, tile_size=64))
    assert network.tile_size == 64
    image = images(2, 64, 64)
    assert network.encode(image).mu.shape == (2, 128)
    assert network.reconstruct(image).shape == image.shape


def test_a_spatial_latent_keeps_the_places():
    network = Vae(VaeConfig(TINY, latent_size=6))
    assert network.encode(images()).mu.shape == (2, 6, 6, 8)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_builds_its_own_network(name):
    family = family_named(name)
    network = build_network(name, family.config())
    assert type(network) is family.network
    assert network.config == family.config()
    assert family.title and family.description
    assert bool(family.objectives) == (family.kind == "residual")


@pytest.mark.parametrize("name", ["gan", "", "crackdemo.models.cae"])
def test_a_family_that_there_is_not_is_refused(name):
    with pytest.raises(ConfigError, match="must be cae or vae"):
        family_named(name)


@pytest.mark.parametrize("channels", [(), (8,), (8, 0), (8, 2000), (8,) * 8])
@pytest.mark.parametrize("kind", [CaeConfig, VaeConfig])
def test_channels_that_no_photo_needs_are_refused(kind, channels):
    with pytest.raises(ValueError, match="channels"):
        kind(channels=channels)


@pytest.mark.parametrize("size", [0, -4, 4, 10, 1028])
def test_a_dense_latent_needs_tiles_of_whole_strides(size):
    with pytest.raises(ValueError, match="tile_size"):
        VaeConfig(TINY, tile_size=size)


@pytest.mark.parametrize("size", [0, 5000])
def test_a_latent_of_no_or_too_many_numbers_is_refused(size):
    with pytest.raises(ValueError, match="latent_size"):
        VaeConfig(TINY, latent_size=size)
