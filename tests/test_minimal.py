"""The one file that is run against every built wheel: numpy and pytest are enough."""

import numpy as np

import hotcold


def test_a_heat_map_is_drawn_over_an_image():
    attributions = np.linspace(-1, 1, 2 * 3 * 16 * 16, dtype=np.float32).reshape(2, 3, 16, 16)
    image = np.full((2, 3, 16, 16), 100, np.uint8)
    picture = hotcold.HeatmapVisualizer(blur=2, cmap="gray").render(attributions, image)
    assert picture.shape == (2, 16, 16, 3)
    assert picture[0, 0, 0, 0] < picture[0, -1, -1, 0] <= 100 < picture[1, -1, -1, 0]
    assert hotcold.build_info()["isa"] in hotcold.build_info()["isa_available"]
