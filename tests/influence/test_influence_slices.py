"""Where a slice starts and ends: any input, any layer, any value of it, any call."""

from __future__ import annotations

import re

import numpy as np
import pytest
from influence_networks import Branches, Recurrent, SharedLayer, SmallCnn, TwoInputs, seeded, torch

from hotcold.influence import (
    ClassQoI,
    Cut,
    InputCut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
    attributions,
    layers,
)

nn = torch.nn
RNG = np.random.default_rng(0)
LEFT, RIGHT, WEIGHT = (RNG.normal(size=s).astype(np.float32) for s in ((3, 4), (3, 4), (3, 5)))


def influence(model, cuts, qoi=None, doi=None, multiply=False):
    return InternalInfluence(model, cuts, qoi or InternalChannelQoI(1), doi or PointDoi(), multiply)


def grad(value, leaf):
    return torch.autograd.grad(value.sum(), leaf)[0].numpy()


@pytest.fixture
def model():
    return seeded(Branches)


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize(
    ("x", "name", "wanted"),
    [
        ((LEFT, RIGHT), None, "left"),
        ((LEFT, RIGHT), 0, "left"),
        ((LEFT, RIGHT), 1, "right"),
        ((LEFT, RIGHT), -1, "right"),
        ({"left": LEFT, "right": RIGHT}, None, "left"),
        ({"left": LEFT, "right": RIGHT}, "right", "right"),
        ({"left": LEFT, "right": RIGHT}, 1, "right"),
        ({"left": LEFT, "right": RIGHT, "more": {"weight": WEIGHT}}, ("more", "weight"), "weight"),
        ({"left": LEFT, "right": torch.from_numpy(RIGHT), "scale": 2.0}, "right", "right"),
        (([LEFT, RIGHT],), (0, 0), "left"),
        (([LEFT, RIGHT],), (0, 1), "right"),
    ],
)
def test_any_input_is_attributed_by_number_name_or_path(model, x, name, wanted, batch_size):
    tensors = [torch.from_numpy(a).requires_grad_() for a in (LEFT, RIGHT, WEIGHT)]
    named = x if isinstance(x, dict) else {}
    more = {"weight": tensors[2]} if "more" in named else None
    scale = named.get("scale", 1.0)
    logits = model(tensors[0], tensors[1], more=more, scale=scale)["logits"]
    expected = grad(logits[:, 1], tensors[["left", "right", "weight"].index(wanted)])
    infl = influence(model, (InputCut(name), OutputCut("logits")))
    got = infl.attributions(x, batch_size=batch_size)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("x", "name", "message"),
    [
        ((LEFT,), 1, "`x` has no 1: it is 1 by position and [] by name"),
        ({"left": LEFT}, "right", "`x` has no 'right': it is 0 by position and ['left'] by name"),
        ({"left": LEFT, "more": {}}, ("more", "a"), "`x` has no 'a': it is a dict of []"),
    ],
)
def test_input_that_is_not_there_is_refused_with_those_that_are(model, x, name, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        influence(model, (InputCut(name), OutputCut("logits"))).attributions(x)


@pytest.mark.parametrize("name", [1.5, True, ("a", None)], ids=repr)
def test_input_name_of_the_wrong_kind_is_refused(name):
    with pytest.raises(TypeError, match="`name` must be a name, an index or a tuple of them"):
        InputCut(name)


@pytest.mark.parametrize(
    ("accessor", "take"),
    [
        ("logits", lambda out: out["logits"]),
        (("boxes", 0), lambda out: out["boxes"][0]),
        ("boxes", lambda out: out["boxes"][0]),
        (lambda out: out["boxes"][1] * 3, lambda out: out["boxes"][1] * 3),
    ],
)
def test_accessor_says_where_in_the_output_the_tensor_is(model, accessor, take):
    leaf = torch.from_numpy(LEFT).requires_grad_()
    expected = grad(take(model(leaf))[:, 1], leaf)
    wrapped = nn.Sequential(model)
    for net, cut in ((model, OutputCut(accessor)), (wrapped, Cut("0", accessor=accessor))):
        got = influence(net, cut).attributions(LEFT)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)


def test_mapping_without_accessor_is_refused_with_its_keys(model):
    with pytest.raises(ValueError, match=r"\('logits', 'state'\); name one by `accessor`, as in"):
        influence(model, OutputCut()).attributions(LEFT)
    with pytest.raises(ValueError, match=r"output of the model has no 'lo': it is a dict of \['bo"):
        influence(model, OutputCut("lo")).attributions(LEFT)


def test_accessor_reaches_the_state_of_a_recurrent_layer():
    model = seeded(Recurrent)
    x = RNG.normal(size=(2, 7, 3)).astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    expected = grad(model.lstm(leaf)[1][0][0][:, 4], leaf)
    cut = Cut("lstm", accessor=lambda out: out[1][0][0])
    got = influence(model, cut, InternalChannelQoI(4)).attributions(x)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)


def test_accessor_reads_arguments_by_name_and_number():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Bilinear(4, 4, 2)

        def forward(self, x):
            return self.mix(x * 2, input2=x * 5)

    function = Cut("mix", "in", accessor=lambda one, input2: input2)
    for accessor, factor in ((0, 2), (1, 5), ("input2", 5), (-1, 5), (function.accessor, 5)):
        got = influence(Named(), Cut("mix", "in", accessor=accessor)).attributions(LEFT)
        assert (got[:, 1] == factor).all()


@pytest.mark.parametrize(("call", "number"), [(0, 0), (1, 1), (2, 2), (-1, 2), (-3, 0)])
def test_any_call_of_a_layer_is_read(call, number):
    model = seeded(SharedLayer)
    leaf = torch.from_numpy(LEFT).requires_grad_()
    values = [leaf]
    for _ in range(3):
        values.append(torch.tanh(model.step(values[-1])))
    got = influence(model, Cut("act", call=call)).attributions(LEFT)
    np.testing.assert_allclose(got, grad(values[number + 1][:, 1], leaf), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("call", [3, -4])
def test_call_that_there_is_not_is_refused_with_the_count(call):
    with pytest.raises(ValueError, match=f"was called 3 times .* so it has no call {call}; calls"):
        influence(seeded(SharedLayer), Cut("act", call=call)).attributions(LEFT)


def test_encoder_shared_by_two_inputs_is_read_at_the_first_call_if_asked(model):
    with pytest.raises(ValueError, match=r"called 2 times and read at call -1: Cut\(..., call=0\)"):
        influence(model, Cut("encoder")).attributions((LEFT, RIGHT))
    got = influence(model, Cut("encoder", call=0)).attributions((LEFT, RIGHT))
    np.testing.assert_allclose(got, model.encoder.weight[[1, 1, 1]].detach(), rtol=1e-6)


@pytest.fixture
def cnn():
    return seeded(SmallCnn)


X = RNG.normal(size=(3, 1, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("multiply", [False, True])
def test_slice_that_starts_inside_has_the_shape_of_its_start(cnn, batch_size, multiply):
    with torch.no_grad():
        value = cnn.features[:5](torch.from_numpy(X))
    leaf = value.clone().requires_grad_()
    expected = grad(cnn.classifier(cnn.features[5](leaf).flatten(1))[:, 3], leaf)
    if multiply:
        expected = expected * value.numpy()
    for end in (OutputCut(), Cut("classifier")):
        infl = influence(cnn, (Cut("features.4"), end), ClassQoI(3), multiply=multiply)
        got = infl.attributions(X, batch_size=batch_size)
        assert got.shape == (3, 16, 8, 8)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("start", [Cut("features.3"), Cut("features.4", "in")], ids=repr)
def test_slice_between_two_layers_goes_on_from_the_points(cnn, start):
    with torch.no_grad():
        value = cnn.features[:4](torch.from_numpy(X))
    grads = []
    for fraction in (0.125, 0.375, 0.625, 0.875):
        leaf = (0.5 + fraction * (value - 0.5)).requires_grad_()
        grads.append(grad(torch.relu(leaf)[:, 1] ** 2, leaf))
    qoi = InternalChannelQoI(1, agg_fn=lambda y: (y**2).sum((1, 2)))
    infl = influence(cnn, (start, Cut("features.4")), qoi, LinearDoi(0.5, resolution=4), True)
    expected = np.mean(grads, 0) * (value.numpy() - 0.5)
    np.testing.assert_allclose(infl.attributions(X), expected, rtol=1e-5, atol=1e-6)


def test_influence_of_an_embedding_takes_token_numbers():
    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.head = nn.Linear(4, 3)

        def forward(self, ids, mask=None):
            y = torch.tanh(self.embedding(ids))
            return self.head((y if mask is None else y * mask[..., None]).sum(1))

    model = seeded(Text)
    ids, mask = RNG.integers(0, 11, (3, 5)), RNG.integers(0, 2, (3, 5))
    leaf = model.embedding(torch.from_numpy(ids)).detach().requires_grad_()
    y = model.head((torch.tanh(leaf) * torch.from_numpy(mask)[..., None]).sum(1))
    infl = influence(model, (Cut("embedding"), OutputCut()), ClassQoI(2), multiply=True)
    expected = grad(y[:, 2], leaf) * leaf.detach().numpy()
    for x in ((ids, mask), {"ids": ids, "mask": torch.from_numpy(mask)}):
        for size in (None, 1):
            got = infl.attributions(x, batch_size=size)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
    for x in (ids, torch.from_numpy(ids), {"ids": ids}):
        assert layers(model, x)[0].output_shape == (3, 5, 4)


def test_start_at_one_call_and_one_value_of_a_layer(model):
    for call, given in ((0, LEFT), (1, RIGHT), (-1, RIGHT), (-2, LEFT)):
        leaf = model.encoder(torch.from_numpy(given)).detach().requires_grad_()
        other = RIGHT if given is LEFT else LEFT
        state = torch.tanh(leaf) + torch.tanh(model.encoder(torch.from_numpy(other)))
        expected = grad(model.head(state)[:, 1], leaf)
        cuts = (Cut("encoder", call=call), OutputCut("logits"))
        got = influence(model, cuts).attributions((LEFT, RIGHT))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
    outer = nn.Sequential(model, Logits())
    got = influence(outer, (Cut("0", accessor=("boxes", 0)), OutputCut())).attributions(LEFT)
    assert (got[:, 1] == 7).all()
    assert not got[:, 0].any()


class Logits(nn.Module):
    def forward(self, output):
        return output["boxes"][0] * 7 + output["logits"]


@pytest.mark.parametrize(
    ("cuts", "error", "message"),
    [
        ((Cut("features.9"), OutputCut()), ValueError, "has no layer 'features.9'"),
        ((Cut(99), OutputCut()), IndexError, "layer index 99 is out of range"),
        ((Cut("dropout", accessor=len), OutputCut()), ValueError, "needs an `accessor` of keys"),
    ],
)
def test_bad_start_is_refused(cnn, cuts, error, message):
    with pytest.raises(error, match=message):
        influence(cnn, cuts)


def test_end_before_the_start_is_said(cnn):
    with pytest.raises(ValueError, match=r"does not depend on the output of layer 'features\.4'"):
        influence(cnn, (Cut("features.4"), Cut("features.0"))).attributions(X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"accessor": 1.5}, TypeError, "`accessor` must be a name, an index or a tuple"),
        ({"call": "last"}, TypeError, "`call` must be an integer, got str 'last'"),
        ({"call": True}, TypeError, "`call` must be an integer, got bool"),
    ],
)
def test_bad_accessor_and_call_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        Cut("conv", **options)


def test_cuts_print_what_is_not_a_default():
    assert repr(Cut("a")) == "Cut(layer='a', anchor='out')"
    assert repr(Cut("a", accessor=(1, 0), call=2)).endswith("accessor=(1, 0), call=2)")
    assert (
        repr((InputCut(), InputCut("x"), OutputCut())) == "(InputCut(), InputCut('x'), OutputCut())"
    )


@pytest.mark.parametrize(
    "index", [[3, 0, -1], np.array([3, 0, 9]), torch.tensor([3, 0, 9])], ids=type
)
@pytest.mark.parametrize("batch_size", [None, 1, 2])
def test_one_class_an_item(cnn, index, batch_size):
    got = influence(cnn, OutputCut(), ClassQoI(index)).attributions(X, batch_size=batch_size)
    for i, one in enumerate([3, 0, 9]):
        expected = influence(cnn, OutputCut(), ClassQoI(one)).attributions(X[i : i + 1])
        np.testing.assert_allclose(got[i : i + 1], expected, rtol=1e-5, atol=1e-7)


def test_classes_of_another_number_than_items_are_refused(cnn):
    with pytest.raises(
        ValueError, match="`index` must be one class or one for each of the 3 items"
    ):
        influence(cnn, OutputCut(), ClassQoI([1, 2])).attributions(X)
    with pytest.raises(IndexError, match="class 10 is out of range"):
        influence(cnn, OutputCut(), ClassQoI([1, 2, 10])).attributions(X)
    with pytest.raises(ValueError, match="`index` must name at least one index"):
        ClassQoI([])


def test_several_influences_share_forward_passes(cnn):
    doi = LinearDoi(resolution=3)
    several = [
        influence(cnn, cut, InternalChannelQoI(channel), doi, multiply)
        for cut in ("features.0", "features.3", OutputCut())
        for channel in (0, 5)
        for multiply in (False, True)
    ]
    passes = []
    cnn.register_forward_hook(lambda m, a, y: passes.append(len(y)))
    got = attributions(several, X, batch_size=2)
    assert passes == [2, 2, 2, 1, 1, 1]
    for one, infl in zip(got, several, strict=True):
        expected = infl.attributions(X, batch_size=2)
        np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-7)


def test_several_influences_of_several_kinds_are_refused(cnn):
    first = influence(cnn, "features.0")
    for other, message in (
        (influence(seeded(SmallCnn), "features.0"), "must be of one model"),
        (influence(cnn, (Cut("features.0"), OutputCut())), "must start at one cut"),
        (influence(cnn, "features.0", doi=LinearDoi()), "must share one distribution"),
    ):
        with pytest.raises(ValueError, match=message):
            attributions([first, other], X)
    with pytest.raises(ValueError, match="must hold at least one InternalInfluence"):
        attributions([], X)
    with pytest.raises(TypeError, match="must hold InternalInfluence objects, got int 3"):
        attributions([3], X)


def test_inputs_by_keyword_are_cut_with_the_batch():
    model = seeded(TwoInputs)
    x, weight = RNG.normal(size=(2, 5, 4)).astype(np.float32)
    got = influence(model, OutputCut(), InternalChannelQoI(0)).attributions(
        {"x": x, "weight": weight, "offset": 1.0}, batch_size=2
    )
    expected = weight * model.lin.weight[0].detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5)
