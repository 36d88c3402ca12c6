"""Architectures as `transformers` builds them, with random weights, against gradients by hand."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import optional
from influence_networks import torch

import hotcold
from hotcold.influence import (
    ClassQoI,
    Cut,
    InputCut,
    InternalChannelQoI,
    InternalInfluence,
    OutputCut,
    PointDoi,
    layers,
)

IMAGES = {"image_size": 32, "patch_size": 8}
BLOCKS = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 32, 32)).astype(np.float32)
IDS, MASK = RNG.integers(3, 50, (2, 7)), np.array([[1] * 7, [1] * 5 + [0] * 2])


@pytest.fixture(scope="module")
def build():
    transformers = optional("transformers")

    def made(model, config, **options):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return getattr(transformers, model)(getattr(transformers, config)(**options)).eval()

    return made


def influence(model, cuts, qoi):
    return InternalInfluence(model, cuts, qoi, PointDoi(), multiply_activation=False)


def grad(value, leaf):
    return torch.autograd.grad(value.sum(), leaf)[0].float().numpy()


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def output_of(module, run):
    """Return what a layer returned while `run` ran, and what that returned."""
    seen = []
    handle = module.register_forward_hook(lambda m, a, y: seen.append(y))
    result = run()
    handle.remove()
    return seen[-1][0] if isinstance(seen[-1], tuple) else seen[-1], result


@pytest.mark.parametrize(
    ("model", "config", "options", "kind", "axis"),
    [
        ("ViTModel", "ViTConfig", {**BLOCKS, **IMAGES}, "ViTLayer", 2),
        (
            "SwinModel",
            "SwinConfig",
            {
                "image_size": 32,
                "patch_size": 4,
                "embed_dim": 24,
                "depths": [1, 1],
                "num_heads": [2, 2],
                "window_size": 4,
            },
            "SwinLayer",
            2,
        ),
        (
            "ConvNextModel",
            "ConvNextConfig",
            {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]},
            "ConvNextLayer",
            1,
        ),
    ],
)
def test_channel_of_a_block_of_an_image_network(build, model, config, options, kind, axis):
    network = build(model, config, **options)
    listed = [layer for layer in layers(network, X, blocks=True) if layer.type == kind]
    assert listed[0].channels == listed[0].output_shape[axis]
    leaf = torch.from_numpy(X).requires_grad_()
    name = listed[0].name
    value, _ = output_of(network.get_submodule(name), lambda: network(leaf))
    close(
        influence(network, name, InternalChannelQoI(5)).attributions(X),
        grad(value.select(axis, 5), leaf),
    )


def test_tokens_of_a_vision_transformer_become_maps(build):
    model = build("ViTForImageClassification", "ViTConfig", **BLOCKS, **IMAGES)
    infl = influence(model, (Cut("vit.embeddings"), OutputCut()), ClassQoI([1, 0]))
    got = infl.attributions({"pixel_values": X})
    leaf = model.vit.embeddings(torch.from_numpy(X)).detach().requires_grad_()
    handle = model.vit.embeddings.register_forward_hook(lambda *_: leaf)
    logits = model(torch.from_numpy(X)).logits
    handle.remove()
    close(got, grad(logits[0, 1] + logits[1, 0], leaf))
    assert hotcold.tokens_to_maps(got.sum(-1)).shape == (2, 1, 4, 4)


def test_words_that_drive_a_class_of_bert(build):
    model = build("BertForSequenceClassification", "BertConfig", **BLOCKS, vocab_size=50)
    x = {"input_ids": IDS, "attention_mask": MASK}
    leaf = model.bert.embeddings(torch.from_numpy(IDS)).detach().requires_grad_()
    handle = model.bert.embeddings.register_forward_hook(lambda *_: leaf)
    logits = model(torch.from_numpy(IDS), attention_mask=torch.from_numpy(MASK)).logits
    handle.remove()
    expected = grad(logits[:, 1], leaf)
    for batch_size in (None, 1):
        infl = influence(model, (Cut("bert.embeddings"), OutputCut()), ClassQoI(1))
        close(infl.attributions(x, batch_size=batch_size), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_words_that_drive_the_next_one_of_a_llama(build, dtype):
    model = build(
        "LlamaForCausalLM", "LlamaConfig", **BLOCKS, num_key_value_heads=2, vocab_size=50
    ).to(dtype)
    leaf = model.model.embed_tokens(torch.from_numpy(IDS)).detach().requires_grad_()
    expected = grad(model(inputs_embeds=leaf).logits[:, -1, 1], leaf)
    last = OutputCut(lambda out: out.logits[:, -1])
    inside = influence(model, (Cut("model.embed_tokens"), last), ClassQoI(1))
    close(inside.attributions(IDS), expected)
    named = influence(model, (InputCut("inputs_embeds"), last), ClassQoI(1))
    close(named.attributions({"inputs_embeds": leaf.detach()}), expected)


def test_pixels_that_drive_a_text_of_clip(build):
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    model = build(
        "CLIPModel",
        "CLIPConfig",
        text_config={**BLOCKS, **special, "vocab_size": 50},
        vision_config={**BLOCKS, **IMAGES},
        projection_dim=16,
    )
    x = {"input_ids": IDS, "pixel_values": X}
    leaf = torch.from_numpy(X).requires_grad_()
    output = model(input_ids=torch.from_numpy(IDS), pixel_values=leaf)
    cuts = (InputCut("pixel_values"), OutputCut("logits_per_image"))
    close(
        influence(model, cuts, ClassQoI(1)).attributions(x),
        grad(output.logits_per_image[:, 1], leaf),
    )
    with pytest.raises(ValueError, match=r"is a mapping of 4 tensors .* name one by `accessor`"):
        influence(model, (cuts[0], OutputCut()), ClassQoI(1)).attributions(x)


def test_pixels_that_drive_a_box_of_a_detector(build):
    model = build(
        "YolosForObjectDetection",
        "YolosConfig",
        **BLOCKS,
        image_size=[32, 32],
        patch_size=8,
        num_detection_tokens=5,
    )
    for accessor in ("pred_boxes", "logits"):
        leaf = torch.from_numpy(X).requires_grad_()
        expected = grad(getattr(model(leaf), accessor)[:, 2, 1], leaf)
        infl = influence(model, OutputCut(accessor), lambda boxes: boxes[:, 2, 1])
        close(infl.attributions(X), expected)
