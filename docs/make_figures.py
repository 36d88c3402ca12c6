"""Make the pictures of the README and the docs from the built-in example.

Run from the repository's root, with hotcold installed::

    python docs/make_figures.py
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import hotcold

FOLDER = Path(__file__).parent / "img"
EXAMPLE = hotcold.data.load_example()
SMOOTH, CHANNEL = 4, 6  # items of the example: occlusion of the second photograph, a channel of it


def save(figure: Figure, name: str) -> None:
    options = {"quality": 90, "subsampling": 0} if name.endswith(".jpg") else {}
    figure.savefig(FOLDER / name, dpi=100, facecolor="white", pil_kwargs=options)


def panels(pictures: list[tuple[str, np.ndarray]], columns: int, size: float = 2.24) -> Figure:
    """Lay out titled pictures, one array element per screen pixel at 100 dpi."""
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(columns * (size + 0.1), rows * (size + 0.3)))
    grid = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.94, wspace=0.04, hspace=0.14)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (title, picture) in zip(grid.flat, pictures, strict=False):
        axes.imshow(picture, interpolation="none")
        axes.set_title(title, fontsize=8, pad=3)
    return figure


def item(index: int) -> tuple[np.ndarray, np.ndarray]:
    return EXAMPLE.attributions[index : index + 1], EXAMPLE.images[index : index + 1]


class Stored:
    """Stands in for the network of the example, which is not shipped, with its attributions."""

    def __init__(self, attributions: np.ndarray) -> None:
        self._attributions = attributions

    def attributions(self, x: np.ndarray) -> np.ndarray:
        return self._attributions


def hero() -> None:
    """One photograph, its map, the heat map, the mask."""
    maps, images = item(SMOOTH)
    show_image = hotcold.Visualizer(normalization_type="unnormalized")
    sheet = np.concatenate(
        [
            show_image.render(images),
            hotcold.Visualizer(combine_channels=True).render(maps),
            hotcold.HeatmapVisualizer(normalization_type="magnitude_max", blur=4).render(
                maps, images
            ),
            hotcold.MaskVisualizer(threshold=0.85).render(maps, images),
        ]
    )
    picture = hotcold.tile(sheet, rows=1, padding=6, fill=255, dim_order="channels_last")
    from hotcold.files import save_picture

    save_picture(FOLDER / "hero.png", picture)


def thumbnails() -> None:
    """One small picture for each visualizer."""
    maps, images = item(SMOOTH)
    channel_mask = hotcold.ChannelMaskVisualizer.from_influence(
        Stored(item(CHANNEL)[0]), blur=4, threshold=0.9, positive_only=True
    )
    for name, visualizer, arrays in (
        ("visualizer", hotcold.Visualizer(combine_channels=True), (maps,)),
        ("heatmap", hotcold.HeatmapVisualizer(normalization_type="magnitude_max"), (maps, images)),
        ("mask", hotcold.MaskVisualizer(threshold=0.85), (maps, images)),
        ("channel-mask", channel_mask, (images,)),
    ):
        visualizer(*arrays, output_file=FOLDER / f"thumb-{name}.png", imshow=False)


def normalizations() -> None:
    """The nine normalizations of one signed map, with their own default colours."""
    maps, _ = item(SMOOTH)
    pictures = [
        (
            mode,
            hotcold.Visualizer(combine_channels=True, normalization_type=mode).render(maps)[0],
        )
        for mode in hotcold.NORMALIZATION_TYPES
    ]
    save(panels(pictures, 5), "normalizations.png")


def options() -> None:
    """What options do to the same map over the same photograph."""
    maps, images = item(SMOOTH)
    strong = hotcold.HeatmapVisualizer(overlay_opacity=0.8, blur=4, sign="positive")
    faint = hotcold.HeatmapVisualizer(overlay_opacity=0.4, blur=4, sign="positive")
    mask = hotcold.MaskVisualizer(blur=4, threshold=0.85)
    pictures = [
        ('opacity="map"', strong.render(maps, images, opacity="map")),
        ('sign="negative"', strong.render(maps, images, sign="negative", cmap="cold")),
        ("grayscale=True", strong.render(maps, images, grayscale=True, opacity="map")),
        ("contours=(0.9, 0.97)", faint.render(maps, images, contours=(0.9, 0.97))),
        (
            "boxes=1, threshold=0.9",
            faint.render(maps, images, boxes=1, threshold=0.9, box_color="yellow"),
        ),
        ('background="blur"', mask.render(maps, images, background="blur")),
        ("invert=True", mask.render(maps, images, invert=True, background="gray")),
        (
            'threshold="otsu"',
            mask.render(maps, images, threshold="otsu", background="white"),
        ),
    ]
    save(panels([(title, shown[0]) for title, shown in pictures], 4), "options.jpg")


def panel() -> None:
    """Two photographs in several ways, on one scale a column."""
    maps, images = EXAMPLE.attributions[[0, SMOOTH]], EXAMPLE.images[[0, SMOOTH]]
    ways = {
        "input": None,
        "map": hotcold.Visualizer(combine_channels=True, blur=3),
        "heat map": hotcold.HeatmapVisualizer(blur=3, cmap=None, contours=0.95),
        "mask": hotcold.MaskVisualizer(threshold=0.9, background="blur"),
    }
    strips = hotcold.Panel(ways, scale="column")
    strips(maps, images, FOLDER / "panel.png", False, row_labels=["Hopper", "Collins"])
    from PIL import Image

    with Image.open(FOLDER / "panel.png") as picture:
        picture.save(FOLDER / "panel.jpg", quality=90, subsampling=0)
    (FOLDER / "panel.png").unlink()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    hero()
    thumbnails()
    normalizations()
    options()
    panel()
    for path in sorted(FOLDER.glob("*.*")):
        print(path.name, path.stat().st_size)
