"""What `attributions` takes as x, and how it refuses the rest."""

from __future__ import annotations

import numpy as np
import pytest
from influence_networks import Failing, SmoothNet, TwoInputs, seeded, torch

from hotcold.influence import (
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
)


@pytest.fixture(scope="module")
def model():
    return seeded(SmoothNet)


@pytest.fixture
def x():
    return np.random.default_rng(0).integers(-3, 4, size=(3, 3, 6, 6)).astype(np.float32)


def attributions(model, x, doi=None, **options):
    infl = InternalInfluence(model, OutputCut(), InternalChannelQoI(0), doi or PointDoi())
    return infl.attributions(x, **options)


class OnlyDlpack:
    """An array of another library, on this machine's memory."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float16),
        lambda x: x.astype(np.int8),
        lambda x: x.astype(">f4"),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=3)[..., ::2],
        lambda x: x[::-1].copy()[::-1],
        read_only,
        lambda x: x.tolist(),
        lambda x: list(x),
        lambda x: torch.from_numpy(x),
        lambda x: torch.from_numpy(x).requires_grad_() * 1,
        lambda x: torch.from_numpy(x).to(torch.bfloat16),
        lambda x: torch.from_numpy(x).to(torch.int32),
        lambda x: torch.from_numpy(x).to(memory_format=torch.channels_last),
        lambda x: list(torch.from_numpy(x).requires_grad_()),
        lambda x: (x,),
        OnlyDlpack,
    ],
)
def test_every_kind_of_array_gives_the_same_attributions(model, x, convert):
    expected = attributions(model, x)
    got = attributions(model, convert(x))
    assert expected.any()
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)


def test_memory_map_is_read_batch_by_batch(model, x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_allclose(
        attributions(model, mapped, batch_size=2), attributions(model, x), rtol=1e-5, atol=1e-7
    )


def test_no_forward_pass_takes_more_than_batch_size(x):
    model = seeded(SmoothNet)
    sizes = []
    model.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    attributions(model, x, LinearDoi(resolution=2), batch_size=2)
    assert sizes == [2, 2, 1, 1]


def test_other_inputs_are_passed_through_and_cut_with_the_batch():
    model = seeded(TwoInputs)
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 5, 4)).astype(np.float32)
    weight, offset = torch.from_numpy(weight), torch.tensor(2.0)
    expected = x * weight.numpy() * model.lin.weight[0].detach().numpy()
    for batch_size in (None, 2, 5):
        for others in ((weight,), (weight, offset), (weight, None)):
            got = attributions(model, (x, *others), batch_size=batch_size)
            np.testing.assert_allclose(got, expected, rtol=1e-5)
    with torch.inference_mode():
        got = attributions(model, (x, weight * 1))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((1, 3, 6, 6)) * 1j, TypeError, "`x` must hold real numbers, got dtype complex128"),
        (torch.ones(1, 3, 6, 6) * 1j, TypeError, "`x` must hold real numbers, got dtype complex64"),
        ([["a"]], TypeError, "`x` must hold real numbers, got dtype <U1"),
        (None, TypeError, "`x` must hold real numbers, got dtype object"),
        ({"x": 1}, ValueError, "`x` must have a batch axis, got a single number"),
        ({3: np.ones(2)}, TypeError, "`x` as a dict must name the model's inputs, got the key 3"),
        ({}, ValueError, "`x` must not be an empty dict"),
        (3.0, ValueError, "`x` must have a batch axis, got a single number"),
        (np.ones((0, 3, 6, 6)), ValueError, r"`x` must not be empty, got shape \(0, 3, 6, 6\)"),
        (np.ones((2, 3, 0, 6)), ValueError, "`x` must not be empty"),
        ((), ValueError, "`x` must not be an empty tuple"),
        ([[1, 2], [3]], ValueError, "`x` must be one array of numbers: .* go in a tuple"),
        ([torch.ones(2), torch.ones(3)], ValueError, "`x` must be one array of numbers: "),
    ],
)
def test_bad_x_is_refused(model, x, error, message):
    with pytest.raises(error, match=message):
        attributions(model, x)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_x_names_the_first_item_and_the_count(model, x, bad):
    x[1, 0, 0, :4] = bad
    x[2, 0] = bad
    with pytest.raises(ValueError, match=r"`x` must be finite: x\[1\] holds 4 non-finite values"):
        attributions(model, x)
    with pytest.raises(ValueError, match=r"`x` must be finite: x\[1\] holds 4 non-finite values"):
        attributions(model, torch.from_numpy(x))


@pytest.mark.parametrize(
    ("batch_size", "error", "message"),
    [
        (0, ValueError, "`batch_size` must be >= 1, got 0"),
        (-2, ValueError, "`batch_size` must be >= 1, got -2"),
        (1.5, TypeError, "`batch_size` must be a whole number >= 1, got 1.5"),
        (True, TypeError, "got True"),
    ],
)
def test_bad_batch_size_is_refused(model, x, batch_size, error, message):
    with pytest.raises(error, match=message):
        attributions(model, x, batch_size=batch_size)


def test_wrong_shape_for_the_model_is_its_own_error_with_the_shapes_in_front(model):
    with pytest.raises(
        RuntimeError,
        match=r"SmoothNet failed on `x` of shape \(2, 1, 6, 6\) \(float32\): .*channels",
    ) as caught:
        attributions(model, np.ones((2, 1, 6, 6)))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_wrong_number_of_inputs_is_the_models_own_error_with_all_shapes():
    with pytest.raises(TypeError, match=r"TwoInputs failed on `x` of shape \(2, 4\) .*: .*missing"):
        attributions(TwoInputs(), np.ones((2, 4)))
    extra = (np.ones((2, 4)), torch.ones(3, 4), "text")
    with pytest.raises(RuntimeError, match=r"of shape \(2, 4\), \(3, 4\), str \(float32\): "):
        attributions(TwoInputs(), extra)


def test_error_of_a_models_own_class_passes_as_it_is():
    class Own(ValueError):
        def __init__(self, first, second):
            super().__init__(first, second)

    error = Own("two", "parts")
    with pytest.raises(Own) as caught:
        attributions(Failing(error), np.ones((2, 4)))
    assert caught.value is error
