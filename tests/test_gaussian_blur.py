"""Every way of blurring against SciPy's definition in float64, on every level of this machine."""

from __future__ import annotations

import numpy as np
import pytest
import reference

from hotcold import _core

pytestmark = pytest.mark.kernels

# Largest absolute error for input in [-1, 1], as `gaussian_blur` promises it.
TOLERANCE = {
    ("exact", np.float32): 2e-6,
    ("exact", np.float64): 1e-12,
    ("fast", np.float32): 2e-4,
    ("fast", np.float64): 2e-4,
}
CASES = [pytest.param(*case, id=f"{case[0]}-{case[1].__name__}") for case in TOLERANCE]


@pytest.fixture(params=_core.build_info()["isa_available"], autouse=True)
def isa(request):
    """Run each test on every level; the one in force comes back afterwards."""
    before = _core.build_info()["isa"]
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


def blur(a, sigma, accuracy="exact", n_threads=1):
    """Blur a plane or a batch of planes through the extension."""
    sigma_y, sigma_x = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    batch = a.reshape((-1, 1, *a.shape[-2:]))
    out = np.empty_like(batch)
    fault = _core.gaussian_blur(batch, sigma_y, sigma_x, accuracy == "fast", out, n_threads)
    assert fault is None
    return out.reshape(a.shape)


def expected(a, sigma):
    return reference.gaussian_blur(a[None, None], sigma)[0, 0]


def sigma_between(rng, low, high):
    """A sigma drawn evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
def test_gaussian_blur_random_sizes_and_sigmas_are_within_tolerance(rng, accuracy, dtype):
    for _ in range(60):
        shape = tuple(rng.integers(1, 71, 2))
        sigma = (sigma_between(rng, 0.05, 90), sigma_between(rng, 0.05, 90))
        if rng.random() < 0.5:
            sigma = (sigma[0], sigma[0])
        plane = rng.uniform(-1, 1, shape).astype(dtype)
        error = np.abs(blur(plane, sigma, accuracy) - expected(plane, sigma)).max()
        assert error <= TOLERANCE[accuracy, dtype], (shape, sigma)


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
@pytest.mark.parametrize("sigma", [(0.0, 3.0), (3.0, 0.0), (40.0, 0.0), (0.0, 40.0), (40.0, 1.0)])
def test_gaussian_blur_pairs_with_zeros_leave_that_axis_alone(rng, accuracy, dtype, sigma):
    plane = rng.uniform(-1, 1, (37, 53)).astype(dtype)
    error = np.abs(blur(plane, sigma, accuracy) - expected(plane, sigma)).max()
    assert error <= TOLERANCE[accuracy, dtype]


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize("sigma", [0.0, 1e-300, 1e-3, 0.1])
def test_gaussian_blur_sigma_without_neighbours_copies(rng, accuracy, sigma):
    plane = rng.uniform(-1, 1, (17, 19)).astype(np.float32)
    assert np.array_equal(blur(plane, sigma, accuracy), plane)


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (1, 1), (2, 3)])
def test_gaussian_blur_thin_planes_are_within_tolerance(rng, accuracy, dtype, shape):
    plane = rng.uniform(-1, 1, shape).astype(dtype)
    for sigma in (0.3, 1.0, 5.0, 12.0, 80.0, 1000.0):
        error = np.abs(blur(plane, sigma, accuracy) - expected(plane, sigma)).max()
        assert error <= TOLERANCE[accuracy, dtype], sigma


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
def test_gaussian_blur_sigma_far_beyond_the_plane_is_within_tolerance(rng, accuracy, dtype):
    plane = rng.uniform(-1, 1, (9, 14)).astype(dtype)
    for sigma in (449.0, 451.0, 699.0, 701.0, 5e3, 4e4):  # 50 planes: another formula
        error = np.abs(blur(plane, sigma, accuracy) - expected(plane, sigma)).max()
        assert error <= TOLERANCE[accuracy, dtype], sigma


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
@pytest.mark.parametrize("sigma", [1e9, 1e12, 1e300, np.finfo(np.float64).max])
def test_gaussian_blur_huge_sigma_gives_the_mean(rng, accuracy, dtype, sigma):
    plane = rng.uniform(-1, 1, (31, 45)).astype(dtype)
    error = np.abs(blur(plane, sigma, accuracy) - plane.mean(dtype=np.float64)).max()
    assert error <= TOLERANCE[accuracy, dtype]


@pytest.mark.parametrize(("accuracy", "dtype"), CASES)
@pytest.mark.parametrize("sigma", [0.7, 4.0, 10.0, 33.0, 120.0])
def test_gaussian_blur_constant_plane_is_unchanged(accuracy, dtype, sigma):
    plane = np.full((67, 70), -0.75, dtype)
    assert np.abs(blur(plane, sigma, accuracy) - plane).max() <= TOLERANCE[accuracy, dtype] / 2


@pytest.mark.parametrize("sigma", [0.6, 2.0, 3.9])
def test_gaussian_blur_impulse_everywhere_is_symmetric_and_descends(sigma):
    size = 33
    for at in range(0, size, 4):
        plane = np.zeros((size, size), np.float32)
        plane[at, size - 1 - at] = 1
        result = blur(plane, sigma)
        # The plane is its own mirror image about the other diagonal, so the result is too.
        np.testing.assert_allclose(result, result[::-1, ::-1].T, atol=1e-7)
        assert result.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
        if at > 4 * sigma:  # nearer to the edge its mirror image pulls the peak over
            right = result[at, size - 1 - at :]
            assert (np.diff(right) <= 1e-3 * result.max()).all()


@pytest.mark.parametrize("accuracy", ["exact", "fast"])
@pytest.mark.parametrize("sigma", [2.0, 10.0, 60.0])
@pytest.mark.parametrize("shape", [(224, 224), (300, 130), (17, 1500)])
def test_gaussian_blur_threads_change_no_bit(rng, accuracy, sigma, shape):
    planes = rng.uniform(-1, 1, (3, *shape)).astype(np.float32)
    alone = blur(planes, sigma, accuracy)
    for n_threads in (2, 3, 7):
        assert np.array_equal(blur(planes, sigma, accuracy, n_threads), alone)
        for plane, result in zip(planes, alone, strict=True):
            assert np.array_equal(blur(plane, sigma, accuracy, n_threads), result)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "sigma"), [((20, 37), 2.0), ((33, 16), 1.0), ((130, 141), 12.0)])
def test_gaussian_blur_counts_what_is_not_finite_wherever_it_lies(shape, sigma, dtype):
    """Squares are checked as they are packed, the columns that fill none apart from them."""
    height, width = shape
    batch = np.ones((2, 1, height, width), dtype)
    out = np.empty_like(batch)
    for bad in (np.nan, np.inf, -np.inf):
        for y in (0, height // 2, height - 1):
            for x in (0, 15, width // 2, width - 1):
                batch[1, 0, y, x] = bad
                fault = _core.gaussian_blur(batch, sigma, sigma, False, out, 1)
                assert fault == (1, 1), (bad, y, x)
                batch[1, 0, y, x] = 1
    # The largest finite values are none of them, although their sums overflow.
    batch[:] = np.finfo(dtype).max
    assert _core.gaussian_blur(batch, sigma, sigma, False, out, 1) is None


def test_gaussian_blur_of_a_blur_adds_variances(rng):
    plane = rng.uniform(-1, 1, (120, 120)).astype(np.float64)
    twice = blur(blur(plane, 6.0), 8.0)
    assert np.abs(twice - blur(plane, 10.0)).max() < 2e-4  # each is cut at 4 sigma


# --- approximations at their worst ----------------------------------------------------------------


def method(shape, sigma, accuracy="exact", dtype=np.float32):
    sigma_y, sigma_x = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    float64 = dtype == np.float64
    return _core.gaussian_blur_method(*shape, sigma_y, sigma_x, accuracy == "fast", float64)


def test_blur_matrix_is_what_scipy_does(rng):
    for n, sigma in ((1, 2.0), (7, 0.4), (7, 30.0), (40, 3.0)):
        plane = rng.uniform(-1, 1, (n, 5))
        np.testing.assert_allclose(
            reference.blur_matrix(n, sigma) @ plane, expected(plane, (sigma, 0)), atol=1e-14
        )


def worst_error(matrices, sigma, accuracy, dtype, at):
    """Return the error for the input in [-1, 1] that makes it largest at pixel `at`.

    A blur is symmetric, so the weights with which pixel `at` reads the plane are the answer to an
    impulse there; the worst input has the signs of their errors.
    """
    along_y, along_x = matrices
    impulse = np.zeros((len(along_y), len(along_x)), dtype)
    impulse[at] = 1
    error = blur(impulse, sigma, accuracy) - np.outer(along_y[at[0]], along_x[at[1]])
    plane = np.where(error < 0, -1, 1).astype(dtype)
    return np.abs(blur(plane, sigma, accuracy) - along_y @ plane @ along_x.T).max()


@pytest.mark.parametrize(
    ("accuracy", "dtype"), [case for case in CASES if case.values != ("exact", np.float64)]
)
@pytest.mark.parametrize(
    ("shape", "sigma"),
    [
        ((224, 224), 6.5),
        ((224, 224), 10.0),
        ((224, 224), 14.0),
        ((225, 223), 30.0),
        ((224, 224), 100.0),
        ((224, 224), 700.0),
        ((224, 224), 12000.0),
        ((150, 90), (9.0, 40.0)),
        ((90, 150), (40.0, 9.0)),
        ((97, 97), 3.3),
        ((61, 128), 7.7),
    ],
)
def test_gaussian_blur_worst_input_is_within_tolerance(rng, accuracy, dtype, shape, sigma):
    height, width = shape
    sigma_y, sigma_x = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    matrices = (reference.blur_matrix(height, sigma_y), reference.blur_matrix(width, sigma_x))
    corners_and_middle = [(0, 0), (height // 2, width // 2), (height - 1, width // 3)]
    for at in [*corners_and_middle, tuple(rng.integers(shape))]:
        error = worst_error(matrices, sigma, accuracy, dtype, at)
        assert error <= TOLERANCE[accuracy, dtype], at


@pytest.mark.parametrize(
    ("accuracy", "dtype", "expected_methods"),
    [
        ("exact", np.float32, ["identity", "fir", "nodes with tail"]),
        ("exact", np.float64, ["identity", "fir"]),
        ("fast", np.float32, ["identity", "fir", "nodes"]),
        ("fast", np.float64, ["identity", "fir", "nodes"]),
    ],
)
@pytest.mark.parametrize("size", [64, 130])
def test_gaussian_blur_on_both_sides_of_each_switch_is_within_tolerance(
    rng, accuracy, dtype, expected_methods, size
):
    shape = (size, size)
    plane = rng.uniform(-1, 1, shape).astype(dtype)
    sigmas = np.geomspace(0.1, 40, 200)
    methods = [method(shape, float(sigma), accuracy, dtype) for sigma in sigmas]
    switches = [i for i in range(1, len(sigmas)) if methods[i] != methods[i - 1]]
    assert [methods[0], *(methods[i] for i in switches)] == expected_methods
    for sigma in sigmas[[i + side for i in switches for side in (-1, 0)]]:
        error = np.abs(blur(plane, float(sigma), accuracy) - expected(plane, float(sigma))).max()
        assert error <= TOLERANCE[accuracy, dtype], sigma


@pytest.mark.parametrize("sigma", [20.0, 200.0])
def test_gaussian_blur_long_sums_do_not_drift(sigma):
    """A float sum of thousands of like terms, taken straight, would be off by more than 1e-5."""
    for shape in ((4100, 20), (20, 4100), (600, 600)):
        plane = np.ones(shape, np.float32)
        assert np.abs(blur(plane, sigma) - 1).max() <= 2e-6


def test_gaussian_blur_unaligned_columns_keep_their_values(rng):
    """Columns that do not fill a register go through a copy; their neighbours must not change."""
    plane = rng.uniform(-1, 1, (150, 150)).astype(np.float32)
    whole = blur(plane, 12.0)
    for pad in (1, 7, 15):
        # A plane mirrored on the right by a few columns blurs to the same values on the left.
        wider = np.concatenate([plane, plane[:, : -pad - 1 : -1]], axis=1)
        close = slice(0, 150 - 65)
        np.testing.assert_allclose(blur(wider, 12.0)[:, close], whole[:, close], atol=2e-6)
