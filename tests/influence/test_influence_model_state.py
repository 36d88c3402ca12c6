"""The model is used as it is and left as it was found."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from influence_networks import (
    Failing,
    Overwriting,
    Recurrent,
    SharedLayer,
    SmallCnn,
    SmoothNet,
    seeded,
    torch,
)

from hotcold.influence import (
    ClassQoI,
    Cut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
)

nn = torch.nn


def influence(model, cut="features.3", channel=2, doi=None):
    return InternalInfluence(model, cut, InternalChannelQoI(channel), doi or PointDoi())


def hook_count(model):
    return sum(
        len(hooks)
        for module in model.modules()
        for name, hooks in vars(module).items()
        if name.endswith("_hooks") and hooks
    )


@pytest.fixture
def model():
    return seeded(SmallCnn)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)


def test_training_state_is_evaluation_during_the_call_and_exact_after_it(model, x):
    expected = influence(model, "classifier").attributions(x)
    model.train()
    model.features[1].eval()
    model.dropout.eval()
    before = [module.training for module in model.modules()]
    assert len(set(before)) == 2
    statistics = copy.deepcopy(model.features[1].state_dict())
    during = []
    model.classifier.register_forward_hook(
        lambda *_: during.extend(module.training for module in model.modules())
    )
    np.testing.assert_array_equal(influence(model, "classifier").attributions(x), expected)
    assert len(during) == len(before)
    assert not any(during)
    assert [module.training for module in model.modules()] == before
    for name, value in model.features[1].state_dict().items():
        assert torch.equal(value, statistics[name])


def test_training_state_and_hooks_are_restored_after_an_error():
    class Stop(Exception):
        pass

    for error in (RuntimeError("boom"), Stop("boom"), KeyboardInterrupt("boom")):
        model = Failing(error).train()
        with pytest.raises(type(error), match="boom"):
            influence(model, "lin").attributions(np.ones((2, 4)))
        assert model.training
        assert model.lin.training
        assert hook_count(model) == 0


def test_hooks_are_gone_after_errors_of_every_stage(model, x):
    def fail(y):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        InternalInfluence(
            model, "features.3", InternalChannelQoI(0, agg_fn=fail), PointDoi()
        ).attributions(x)
    with pytest.raises(RuntimeError, match="failed on `x`"):
        influence(model).attributions(x[:, :, :5])
    with pytest.raises(IndexError):
        influence(model, channel=99).attributions(x)
    assert hook_count(model) == 0


def test_hooks_of_the_user_stay_and_are_seen(model, x):
    plain = influence(model).attributions(x)
    model.features[3].register_forward_hook(lambda module, args, y: 3 * y)
    np.testing.assert_allclose(influence(model).attributions(x), 3 * plain, rtol=1e-4, atol=1e-6)
    assert hook_count(model) == 1


def test_parameters_keep_their_gradients_and_flags(model, x):
    for i, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(i % 2 == 0)
        parameter.grad = torch.full_like(parameter, i) if i % 3 else None
    before = [
        (p.requires_grad, None if p.grad is None else p.grad.clone()) for p in model.parameters()
    ]
    influence(model, doi=LinearDoi()).attributions(x)
    for parameter, (flag, grad) in zip(model.parameters(), before, strict=True):
        assert parameter.requires_grad == flag
        assert (parameter.grad is None) == (grad is None)
        assert grad is None or torch.equal(parameter.grad, grad)


def test_frozen_model_has_the_same_attributions(model, x):
    expected = influence(model).attributions(x)
    model.requires_grad_(False)
    np.testing.assert_array_equal(influence(model).attributions(x), expected)
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_gradients_are_taken_where_the_caller_has_none(model, x, context):
    expected = influence(model, doi=LinearDoi()).attributions(x)
    with context():
        tensor = torch.from_numpy(x) * 1
        got = influence(model, doi=LinearDoi()).attributions(tensor)
        assert not torch.is_grad_enabled()
    np.testing.assert_array_equal(got, expected)


# Rounding may carry a unit over the kink of its ReLU, which moves whole terms of a gradient.
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-5), (torch.bfloat16, 0.2), (torch.float16, 0.05)]
)
@pytest.mark.parametrize("doi", [PointDoi(), LinearDoi(resolution=4)], ids=repr)
def test_model_of_any_precision_is_used_in_it(model, x, dtype, tolerance, doi):
    expected = influence(model, doi=doi).attributions(x)
    seen = []
    model.to(dtype).features[0].register_forward_hook(
        lambda m, a, y: seen.append((a[0].dtype, y.dtype))
    )
    for given in (x, torch.from_numpy(x), torch.from_numpy(x).to(dtype)):
        got = influence(model, doi=doi).attributions(given)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, atol=tolerance * np.abs(expected).max())
    assert set(seen) == {(dtype, dtype)}
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("build", [SmallCnn, Recurrent])
def test_model_on_cuda_is_used_there(build):
    model = seeded(build)
    x = np.random.default_rng(0).normal(size=(2, 7, 3) if build is Recurrent else (2, 1, 8, 8))
    cut = "lstm" if build is Recurrent else "features.3"
    expected = influence(model, cut).attributions(x)
    model.cuda()
    for given in (x, torch.from_numpy(x), torch.from_numpy(x).cuda()):
        got = influence(model, cut).attributions(given)
        np.testing.assert_allclose(got, expected, atol=1e-3 * np.abs(expected).max())
    assert next(model.parameters()).is_cuda


def test_recurrent_model_without_cudnn_leaves_the_setting_alone():
    before = torch.backends.cudnn.enabled
    influence(seeded(Recurrent), "lstm").attributions(np.ones((2, 7, 3)))
    assert torch.backends.cudnn.enabled == before


@pytest.mark.parametrize("part", ["whole", "whole in place", "part", "layer"])
def test_compiled_model_runs_uncompiled_under_its_plain_names(model, x, part):
    expected = influence(model).attributions(x)
    compiled = model
    if part == "whole":
        compiled = torch.compile(model, backend="eager")
    elif part == "whole in place":
        model.compile(backend="eager")
    elif part == "part":
        model.features = torch.compile(model.features, backend="eager")
    else:
        model.features[3] = torch.compile(model.features[3], backend="eager")
    tensor = torch.from_numpy(x)
    with torch.no_grad():
        output = compiled(tensor)
    np.testing.assert_array_equal(influence(compiled).attributions(x), expected)
    np.testing.assert_array_equal(influence(compiled, 3).attributions(x), expected)
    with torch.no_grad():
        assert torch.equal(compiled(tensor), output)


def test_nothing_leaks_over_many_calls(model, x):
    infl = influence(model, doi=LinearDoi(resolution=2))

    def census():
        gc.collect()
        objects = gc.get_objects()
        return (
            sum(issubclass(type(o), torch.Tensor) for o in objects),
            sum(issubclass(type(o), nn.Module) for o in objects),
            hook_count(model),
        )

    infl.attributions(x)
    before = census()
    for _ in range(200):
        infl.attributions(x)
    # Fewer is no leak: what earlier tests left behind may go at any time.
    assert all(now <= then for now, then in zip(census(), before, strict=True))
    assert before[2] == 0


def test_model_is_freed_after_use(x):
    model = seeded(SmallCnn)
    influence(model).attributions(x)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_threads_share_a_model_and_get_their_own_results(model, x):
    model.train()
    cuts = ["features.0", "features.3", "classifier", 1] * 4
    expected = [influence(model, cut).attributions(x) for cut in cuts]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda cut: influence(model, cut).attributions(x), cuts))
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(module.training for module in model.modules())


def test_call_within_a_call_on_the_same_model_works(model, x):
    inner = influence(model, "classifier")

    def agg_fn(y):
        return y.sum((1, 2)) * float(np.abs(inner.attributions(x)).sum())

    outer = InternalInfluence(model, "features.3", InternalChannelQoI(2, agg_fn=agg_fn), PointDoi())
    scale = float(np.abs(inner.attributions(x)).sum())
    np.testing.assert_allclose(
        outer.attributions(x), scale * influence(model).attributions(x), rtol=1e-4, atol=1e-6
    )


def test_forward_pass_in_another_thread_is_not_mistaken_for_ours(x):
    model = seeded(SmoothNet)
    ours = np.random.default_rng(1).normal(size=(2, 3, 6, 6)).astype(np.float32)
    expected = influence(model, "conv").attributions(ours)
    other = torch.ones(2, 3, 6, 6)

    def run_elsewhere(module, args, output):
        handle.remove()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(model, other).result()

    handle = model.act.register_forward_hook(run_elsewhere)
    np.testing.assert_array_equal(influence(model, "conv").attributions(ours), expected)


@pytest.mark.parametrize("build", [Overwriting, SharedLayer])
def test_inputs_are_not_changed(build):
    model = seeded(build)
    shape = (2, 3, 6, 6) if build is Overwriting else (2, 4)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    kept = x.copy()
    tensor = torch.from_numpy(x)
    InternalInfluence(model, OutputCut(), ClassQoI(0), PointDoi()).attributions(tensor)
    InternalInfluence(model, OutputCut(), ClassQoI(0), LinearDoi()).attributions(x)
    np.testing.assert_array_equal(x, kept)
    assert not tensor.requires_grad


def test_influence_pickles_with_its_model_and_prints_short(model, x):
    infl = InternalInfluence(
        model, Cut("features.3"), InternalChannelQoI((1, 2), agg_fn="max"), LinearDoi(x, 4)
    )
    expected = infl.attributions(x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(infl)).attributions(x), expected)
    assert repr(infl) == (
        "InternalInfluence(<SmallCnn>, (InputCut(), Cut(layer='features.3', anchor='out')), "
        "InternalChannelQoI(channel=(1, 2), channel_axis=None, agg_fn='max'), "
        "LinearDoi(baseline=<array of shape (3, 1, 8, 8)>, resolution=4), "
        "multiply_activation=True)"
    )
