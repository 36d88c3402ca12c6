"""`hotcold demo`: the built-in example through every visualizer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold.data import Example


@click.command()
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hotcold-demo"),
    show_default=True,
    help="Folder for the pictures; made if it is not there.",
)
def demo(output_dir: Path) -> None:
    """Render the built-in example with every visualizer.

    The example is a pair of public-domain photographs and where a real face detector looks in them.

    \b
    Examples:
      hotcold demo
      hotcold demo --output-dir pictures
    """  # noqa: D301 - click reads \b
    example = hotcold.data.load_example()
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"cannot make the folder {output_dir}: {error.strerror}"
        raise click.ClickException(msg) from error
    rows: list[tuple[str, ...]] = []
    for name, title, draw in _pictures():
        path = output_dir / f"{name}.png"
        start = time.perf_counter()
        draw(example, path)
        rows.append((title, path.name, f"{(time.perf_counter() - start) * 1e3:.1f} ms"))
    _print_table(("visualizer", "file", "time"), rows)
    click.echo(f"\n{example.description}")
    click.echo(f"\nThe pictures are in {output_dir.resolve()}")


def _pictures() -> list[tuple[str, str, Callable[[Example, Path], Any]]]:
    """File name, what to call it, and how it is drawn: one for each visualizer and style."""

    def images(example: Example, path: Path) -> None:
        show = hotcold.Visualizer(normalization_type="unnormalized")
        show(example.images, output_file=path, imshow=False)

    def plain(example: Example, path: Path) -> None:
        show = hotcold.Visualizer(combine_channels=True, blur=1.5)
        show(example.attributions, output_file=path, imshow=False)

    def heatmap(example: Example, path: Path) -> None:
        show = hotcold.HeatmapVisualizer(normalization_type="magnitude_max", blur=5)
        show(example.attributions, example.images, output_file=path, imshow=False)

    def mask(example: Example, path: Path) -> None:
        show = hotcold.MaskVisualizer(threshold=0.8)
        show(example.attributions, example.images, output_file=path, imshow=False)

    def opacity(example: Example, path: Path) -> None:
        show = hotcold.MaskVisualizer(use_attr_as_opacity=True)
        show(example.attributions, example.images, output_file=path, imshow=False)

    def channel(example: Example, path: Path) -> None:
        # The two maps of the example that belong to one channel of the detector.
        one = [i for i, method in enumerate(example.methods) if "channel" in method]
        stored = _Stored(example.attributions[one])
        show = hotcold.ChannelMaskVisualizer.from_influence(
            stored, blur=4, threshold=0.9, positive_only=True
        )
        show(example.images[one], output_file=path, imshow=False)

    def options(example: Example, path: Path) -> None:
        strong = hotcold.HeatmapVisualizer(0.8, blur=4, sign="positive")
        faint = hotcold.HeatmapVisualizer(0.4, blur=4, sign="positive")
        mask = hotcold.MaskVisualizer(blur=4, threshold=0.85)
        ways: dict[str, Any] = {
            'opacity="map"': strong.__replace__(opacity="map"),
            'opacity="threshold"': strong.__replace__(opacity="threshold", threshold=0.9),
            'sign="negative"': strong.__replace__(sign="negative", cmap="cold"),
            "grayscale": strong.__replace__(opacity="map", grayscale=True),
            "contours": faint.__replace__(contours=(0.9, 0.97)),
            "boxes": faint.__replace__(boxes=1, threshold=0.9, box_color="yellow"),
            'background="blur"': mask.__replace__(background="blur"),
            "invert": mask.__replace__(invert=True, background="gray"),
        }
        some = [0, 4]  # a map of each photograph
        panel = hotcold.Panel(ways)
        panel(example.attributions[some], example.images[some], path, imshow=False)

    def scales(example: Example, path: Path) -> None:
        # The same three maps, each on its own scale, on one for all, and without outliers of all.
        show = hotcold.Visualizer(combine_channels=True, blur=2)
        ways = {
            "input": None,
            'scale="item"': show,
            'scale="shared"': show.__replace__(scale="shared"),
            "and clip_quantile=0.99": show.__replace__(scale="shared", clip_quantile=0.99),
        }
        some = [0, 3, 6]
        panel = hotcold.Panel(ways, colorbar=True)
        labels = ["occlusion", "integrated gradients", "one channel"]
        panel(example.attributions[some], example.images[some], path, False, row_labels=labels)

    return [
        ("images", "Visualizer (the photographs)", images),
        ("attributions", "Visualizer", plain),
        ("heatmap", "HeatmapVisualizer", heatmap),
        ("mask", "MaskVisualizer", mask),
        ("mask-opacity", "MaskVisualizer (attributions as opacity)", opacity),
        ("channel-mask", "ChannelMaskVisualizer", channel),
        ("options", "Panel (what options do)", options),
        ("scales", "Panel (a scale for each map, or for all)", scales),
    ]


class _Stored:
    """Stands in for the network, which is not shipped: its attributions, computed before."""

    def __init__(self, attributions: Any) -> None:
        self._attributions = attributions

    def attributions(self, x: Any) -> Any:
        return self._attributions


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for cells in (header, tuple("-" * width for width in widths), *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())
