"""Models as people have them: mixed types, scripted, parametrized, compiled, quantized."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from influence_networks import SmallCnn, TwoInputs, seeded, torch

from hotcold.influence import (
    Cut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
    layers,
)

nn = torch.nn


def gradient(model, cut, x, channel=0, doi=None):
    qoi = InternalChannelQoI(channel)
    return InternalInfluence(model, cut, qoi, doi or PointDoi(), False).attributions(x)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)


@pytest.fixture
def model():
    return seeded(SmallCnn)


class Tokened(nn.Module):
    """A convolution with a token, and a scalar, of other types in front of it."""

    def __init__(self, token, dtype):
        super().__init__()
        self.token = nn.Parameter(torch.ones((1, 4, 1, 1), dtype=token))
        self.conv = nn.Conv2d(3, 4, 3, dtype=dtype)

    def forward(self, x):
        y = self.conv(x)
        return (y * self.token.to(y.dtype)).mean((2, 3))


@pytest.mark.parametrize(
    ("token", "dtype"),
    [
        (torch.float32, torch.bfloat16),
        (torch.float64, torch.float32),
        (torch.float32, torch.float64),
    ],
)
@pytest.mark.parametrize("doi", [PointDoi(), LinearDoi(resolution=2)], ids=repr)
def test_type_of_the_kernels_decides_not_that_of_the_first_parameter(token, dtype, doi):
    model = seeded(Tokened, token, dtype)
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 6))
    for given in (x, x.astype(np.float32), torch.from_numpy(x).float(), torch.from_numpy(x)):
        got = gradient(model, OutputCut(), given, doi=doi)
        leaf = torch.from_numpy(x).to(dtype).requires_grad_()
        (expected,) = torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)
        np.testing.assert_allclose(got, expected.float(), rtol=1e-5)


def test_input_keeps_its_type_where_the_model_has_several():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, dtype=torch.float32), nn.Flatten(), nn.Identity())
    model.append(nn.Linear(64, 2, dtype=torch.float64))
    model[2].register_forward_hook(lambda m, a, y: y.double())
    x = np.random.default_rng(0).normal(size=(1, 3, 6, 6)).astype(np.float32)
    assert gradient(model, OutputCut(), x).any()
    model = nn.Sequential(nn.Linear(4, 4, dtype=torch.float64), nn.Linear(4, 4))
    model[0].register_forward_hook(lambda m, a, y: y.float())
    assert gradient(model, OutputCut(), np.ones((1, 4))).any()


def test_model_without_parameters_takes_the_input_in_its_own_type():
    seen = []
    model = nn.Identity()
    model.register_forward_hook(lambda m, a, y: seen.append(y.dtype))
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        gradient(model, OutputCut(), torch.ones(1, 2, 3, 3, dtype=dtype))
    assert seen == [torch.float64, torch.float32, torch.bfloat16]


def test_parameters_on_meta_are_passed_over():
    class Offloaded(nn.Module):
        """As accelerate leaves a model: weights on meta until a layer is called."""

        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(4, 3)
            self.kept = self.lin.weight.detach().clone()
            self.lin.to("meta")

        def forward(self, x):
            return torch.nn.functional.linear(x, self.kept)

    model = seeded(Offloaded)
    np.testing.assert_array_equal(gradient(model, OutputCut(), np.ones((2, 4)))[0], model.kept[0])


def test_other_inputs_are_copied_for_every_pass():
    class Changing(TwoInputs):
        def forward(self, x, weight, offset=None):
            result = super().forward(x, weight, offset)
            weight.mul_(0)
            return result

    model = seeded(Changing)
    x, weight = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    expected = weight * model.lin.weight[0].detach().numpy()
    for other in (torch.from_numpy(weight.copy()), weight.copy()):
        got = gradient(model, OutputCut(), (x, other), doi=LinearDoi(resolution=3))
        np.testing.assert_allclose(got, expected, rtol=1e-5)
        np.testing.assert_array_equal(np.asarray(other), weight)


def test_other_inputs_may_be_arrays_and_keep_integers():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)

        def forward(self, x, ids, extra):
            return x * self.embedding(ids) * extra["scale"]

    model = seeded(Table)
    x = np.ones((2, 4))
    ids, scale = np.array([3, 5]), np.array([[2.0], [4.0]])
    got = gradient(model, OutputCut(), (x, ids, {"scale": scale}), 1)
    expected = model.embedding.weight[[3, 5]].detach().numpy() * scale
    np.testing.assert_allclose(got[:, 1], expected[:, 1], rtol=1e-6)
    one = InternalInfluence(model, OutputCut(), InternalChannelQoI(1), PointDoi(), False)
    by_one = one.attributions((x, ids, {"scale": scale}), batch_size=1)
    np.testing.assert_allclose(by_one, got, rtol=1e-6)


@pytest.fixture
def quiet():
    """torch announces the end of TorchScript and of eager quantization with warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("quiet")
def test_scripted_and_frozen_models_have_attributions_of_their_output(model, x):
    expected = gradient(model, OutputCut(), x, 3)
    scripted = torch.jit.script(model)
    for one in (
        scripted,
        torch.jit.freeze(scripted),
        torch.jit.trace(model, torch.ones(2, 1, 8, 8)),
    ):
        np.testing.assert_allclose(gradient(one, OutputCut(), x, 3), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("quiet")
def test_scripted_child_is_a_layer_among_others(model, x):
    expected = gradient(model, "classifier", x, 3)
    model.features = torch.jit.script(model.features)
    np.testing.assert_allclose(gradient(model, "classifier", x, 3), expected, rtol=1e-4, atol=1e-6)
    listed = {layer.name: layer for layer in layers(model, x)}
    assert listed["classifier"].channels == 10
    assert listed["features.3"].output_shape is None
    for name in ("features", "features.3"):
        with pytest.raises(ValueError, match=r"never called .* scripted or exported programs"):
            gradient(model, name, x)


def test_parametrized_layers_keep_their_index_and_class(model, x):
    plain = list(layers(model, x))
    expected = gradient(model, 3, x)
    for name in ("features.0", "features.3"):
        nn.utils.parametrizations.weight_norm(model.get_submodule(name))
    assert list(layers(model, x)) == plain
    np.testing.assert_allclose(gradient(model, 3, x), expected, rtol=1e-4, atol=1e-6)


def test_adapted_layers_keep_their_index(model, x):
    class Lora(nn.Module):
        """A layer with an adapter as PEFT puts it around one."""

        def __init__(self, base_layer):
            super().__init__()
            self.base_layer = base_layer
            self.lora_A = nn.ModuleDict({"default": nn.Conv2d(1, 2, 1)})
            self.lora_dropout = nn.ModuleDict({"default": nn.Identity()})

        def forward(self, x):
            return self.base_layer(x)

    expected = gradient(model, 3, x)
    model.features[0] = Lora(model.features[0])
    np.testing.assert_array_equal(gradient(model, 3, x), expected)
    assert [layer.index for layer in layers(model)] == list(range(8))
    assert gradient(model, "features.0.base_layer", x).any()


@pytest.mark.parametrize("where", ["model", "block", "class", "function"])
def test_compiled_forward_runs_uncompiled(x, where):
    def double(y):
        return y * 2

    class Calling(SmallCnn):
        def forward(self, x):
            return self.function(super().forward(x))

    class Compiled(SmallCnn):
        forward = torch.compile(SmallCnn.forward, backend="eager")

    model = seeded({"class": Compiled, "function": Calling}.get(where, SmallCnn))
    model.function = double
    expected = gradient(seeded(SmallCnn), "features.3", x)
    if where == "model":
        model.forward = torch.compile(model.forward, backend="eager")
    elif where == "block":
        model.features.forward = torch.compile(model.features.forward, backend="eager")
    elif where == "function":
        model.function = torch.compile(lambda y: model.classifier.weight.sum() * y, backend="eager")
    with torch.no_grad():
        model(torch.from_numpy(x))  # warm: from here on no hook is called
    np.testing.assert_array_equal(gradient(model, "features.3", x), expected)


@pytest.mark.parametrize("order", ["mask, x", "indices, x", "x, mask"])
def test_floating_argument_of_several_is_read(order):
    class Masked(nn.Module):
        def forward(self, one, two):
            x = one if one.is_floating_point() else two
            return x * 3

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.masked = Masked()

        def forward(self, x):
            mask = x > 0 if "mask" in order else torch.arange(len(x))
            return self.masked(*((x * 2, mask) if order.startswith("x") else (mask, x * 2)))

    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    np.testing.assert_array_equal(gradient(Outer(), Cut("masked", "in"), x, 1)[:, 1], [2, 2])


def test_layer_within_a_checkpoint_is_read_or_said(x):
    class Checkpointed(SmallCnn):
        reentrant = False

        def forward(self, x):
            y = torch.utils.checkpoint.checkpoint(
                self.features, x * 1, use_reentrant=self.reentrant
            )
            return self.classifier(y.flatten(1))

    model = seeded(Checkpointed)
    expected = gradient(seeded(SmallCnn), "features.3", x)
    np.testing.assert_allclose(gradient(model, "features.3", x), expected, rtol=1e-4, atol=1e-6)
    model.reentrant = True
    with pytest.raises(ValueError, match="within a checkpoint with use_reentrant=True"):
        gradient(model, "features.3", x)


def test_forward_called_in_place_of_the_layer_is_said(x):
    class Direct(SmallCnn):
        def forward(self, x):
            return self.classifier.forward(self.features(x).flatten(1))

    with pytest.raises(ValueError, match="of its `forward` in place of itself"):
        gradient(seeded(Direct), "classifier", x)


@pytest.mark.filterwarnings("ignore")
def test_layer_of_an_exported_program_is_said(model, x):
    exported = torch.export.export(model, (torch.from_numpy(x),)).module()
    with pytest.raises(ValueError, match=r"never called .* exported programs"):
        gradient(exported, "classifier", x)
    np.testing.assert_allclose(
        gradient(exported, OutputCut(), x), gradient(model, OutputCut(), x), rtol=1e-4, atol=1e-6
    )


def test_distribution_of_no_points_is_refused(model, x):
    class Nothing(PointDoi):
        def points(self, x, baseline):
            return iter(())

    with pytest.raises(ValueError, match="`doi` must yield at least one point"):
        gradient(model, OutputCut(), x, doi=Nothing())


@pytest.mark.usefixtures("quiet")
def test_observers_of_quantization_are_left_as_they_were(model, x):
    from torch.ao.quantization import QConfig, default_observer, prepare, prepare_qat
    from torch.ao.quantization import default_fake_quant as fake

    for build, config in (
        (prepare, QConfig(activation=default_observer, weight=default_observer)),
        (prepare_qat, QConfig(activation=fake, weight=fake)),
    ):
        model = seeded(SmallCnn)
        model.qconfig = config
        prepared = build(model.train(build is prepare_qat))
        prepared(torch.from_numpy(x))
        before = {name: value.clone() for name, value in prepared.state_dict().items()}
        gradient(prepared, OutputCut(), x * 9, doi=LinearDoi(resolution=3))
        after = prepared.state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(after[name], value) for name, value in before.items())


def test_buffers_that_a_pass_changes_are_left_as_they_were(x):
    class Counting(SmallCnn):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))
            self.register_buffer("last", torch.zeros(1))

        def forward(self, x):
            self.calls += 1
            self.last = x.detach()
            return super().forward(x)

    model = seeded(Counting)
    calls, last = model.calls, model.last
    gradient(model, "features.3", x)
    assert model.calls is calls
    assert model.last is last
    assert calls == 0
