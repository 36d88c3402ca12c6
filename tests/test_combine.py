"""The `combine` option of every visualizer."""

from __future__ import annotations

import numpy as np
import pytest
import reference

import hotcold

KINDS = ("mean", "sum", "sum_abs", "max_abs", "norm")


@pytest.mark.parametrize("combine", KINDS)
def test_every_visualizer_combines_as_asked(rng, combine):
    a = rng.standard_normal((2, 3, 12, 9))
    x = rng.integers(0, 256, (2, 3, 12, 9)).astype(np.uint8)
    one = reference.reduced(a, combine)
    plain = hotcold.Visualizer(combine=combine, normalization_type="signed_max")
    np.testing.assert_allclose(
        plain(a, imshow=False), reference.normalize(one, "signed_max"), atol=1e-12
    )
    for make in (hotcold.HeatmapVisualizer, hotcold.MaskVisualizer):
        np.testing.assert_array_equal(make(combine=combine).render(a, x), make().render(one, x))
        np.testing.assert_array_equal(make().render(a, x, combine=combine), make().render(one, x))


def test_one_channel_is_combined_where_that_changes_it(rng):
    a = rng.standard_normal((2, 1, 5, 6))
    for combine, expected in (("norm", np.abs(a)), ("sum_abs", np.abs(a)), ("sum", a)):
        got = hotcold.Visualizer(combine=combine, normalization_type="unnormalized")(
            a, imshow=False
        )
        np.testing.assert_array_equal(got, expected)


def test_not_to_combine_contradicts_a_way_to_combine(rng):
    a = rng.standard_normal((1, 3, 5, 6))
    with pytest.raises(ValueError, match="`combine_channels` must not be False beside combine="):
        hotcold.MaskVisualizer(combine_channels=False, combine="sum")
    with pytest.raises(ValueError, match="`combine_channels` must not be False beside combine="):
        hotcold.Visualizer().render(a, combine_channels=False, combine="sum")
    with pytest.raises(ValueError, match="`combine` must be one of 'mean', 'sum'"):
        hotcold.Visualizer(combine="max")
    # The call's way wins over the constructor's channels.
    uncombined = hotcold.MaskVisualizer(combine_channels=False)
    together = uncombined.render(a, np.ones((1, 1, 5, 6)), combine="sum")
    assert together.shape == (1, 5, 6, 3)
