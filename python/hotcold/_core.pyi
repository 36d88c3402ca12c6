"""The compiled kernels. Axes are (item, channel, row, column); nothing has defaults."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Any real dtype in native byte order, any strides.
_Batch: TypeAlias = NDArray[Any]
_Extent: TypeAlias = tuple[float, float]  # between what numbers values lie
_Fault: TypeAlias = tuple[int, int] | None  # (item, count) of the first non-finite item

__version__: str
NORMALIZATION_TYPES: tuple[str, ...]
MOST_KEPT_BYTES: int

class _Metaclass(type): ...  # pybind11's own

class RenderPlan(metaclass=_Metaclass):
    def __init__(
        self,
        *,
        reduction: str,
        upsample: str,
        sigma: tuple[float, float],
        sign: str,
        clip: tuple[str, float, float] | None,
        normalization_type: str,
        extremes: tuple[float, float] | None,
        paint: str,
        limits: tuple[float, float] | None,
        table: NDArray[np.float64] | None,
        overlay_opacity: float,
        opacity: str,
        threshold_by: str,
        threshold: float,
        masked_opacity: float,
        invert: bool,
        background: str | tuple[float, float, float],
        background_sigma: tuple[float, float],
        contours: tuple[tuple[str, float], ...],
        contour_color: tuple[float, float, float],
        contour_width: int,
        boxes: int,
        box_color: tuple[float, float, float],
        box_width: int,
        channel_order: str,
        image_range: tuple[float, float] | None,
        image_norm: tuple[Sequence[float], Sequence[float]] | None,
        grayscale: bool,
        nonfinite: str,
    ) -> None: ...
    @property
    def needs_image(self) -> bool: ...
    @property
    def has_table_colors_alone(self) -> bool: ...
    @property
    def shares_limits(self) -> bool: ...
    def picture_shape(
        self, attributions: Sequence[int], image: Sequence[int] | None
    ) -> tuple[int, int, int]: ...
    def values_shape(
        self, attributions: Sequence[int], image: Sequence[int] | None
    ) -> tuple[int, int, int, int]: ...

def build_info() -> dict[str, Any]: ...
def default_threads() -> int: ...
def cgroup_cpus(root: str) -> float: ...
def set_call_check(check: Callable[[], object] | None) -> None: ...
def set_isa(name: str) -> None: ...
def empty_array(shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]: ...
def measure_multiply_add_peak(seconds: float) -> float: ...
def gaussian_blur(
    a: _Batch, sigma_y: float, sigma_x: float, fast: bool, out: _Batch, n_threads: int
) -> _Fault: ...
def gaussian_blur_method(
    rows: int, columns: int, sigma_y: float, sigma_x: float, fast: bool, float64: bool
) -> str: ...
def normalize(a: _Batch, normalization_type: str, out: _Batch, n_threads: int) -> _Fault: ...
def normalization_traits(normalization_type: str) -> dict[str, Any]: ...
def percentile_mask(
    a: _Batch, threshold: float, masked_opacity: float, out: _Batch, n_threads: int
) -> _Fault: ...
def tile(a: _Batch, rows: int, cols: int, padding: int, fill: NDArray[Any]) -> NDArray[Any]: ...
def boxes(
    maps: _Batch,
    count: int,
    threshold: float,
    threshold_by: str,
    diagonal: bool,
    by: str,
    min_area: int,
    n_threads: int,
) -> tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], _Fault
]: ...
def compare(
    a: _Batch, b: _Batch, metrics: Sequence[str], top: float, n_threads: int
) -> tuple[NDArray[np.float64], _Fault, _Fault]: ...
def threshold_limits(
    maps: _Batch, threshold: float, threshold_by: str, n_threads: int
) -> tuple[NDArray[np.float64], _Fault]: ...
def outlines(
    maps: _Batch, threshold: float, threshold_by: str, width: int, n_threads: int
) -> tuple[NDArray[np.uint8], _Fault]: ...
def cam_overlay(
    image: NDArray[np.float32],
    map: NDArray[np.float32],
    table: NDArray[np.float32],
    weight: float,
    slack: float,
    out: NDArray[np.uint8],
) -> bool: ...
def render(
    plan: RenderPlan,
    attributions: _Batch,
    image: _Batch | None,
    values: _Batch | None,
    picture: NDArray[np.uint8] | None,
    n_threads: int,
    extents: NDArray[np.float64] | None = None,
) -> tuple[str, int, int] | None: ...
def attribution_limits(plan: RenderPlan, extents: NDArray[np.float64]) -> NDArray[np.float64]: ...
def item_numbers(
    plan: RenderPlan, extents: NDArray[np.float64], planes: int, clip: str
) -> list[str]: ...
def measure(
    plan: RenderPlan, attributions: _Batch, image: _Batch | None, n_threads: int
) -> _Extent | None: ...
def measure_each(
    plan: RenderPlan, attributions: _Batch, image: _Batch | None, n_threads: int
) -> NDArray[np.float64]: ...
def count_ranks(
    plan: RenderPlan,
    attributions: _Batch,
    image: _Batch | None,
    magnitudes: bool,
    sums: bool,
    digit: int,
    prefixes: Sequence[int],
    n_threads: int,
) -> tuple[NDArray[np.uint64], _Extent | None, int]: ...
def merge_extents(a: _Extent | None, b: _Extent | None) -> _Extent | None: ...
def extent_limits(
    normalization_type: str, extent: _Extent | None, of_one_sign: bool = False
) -> _Extent: ...
def render_png(
    plan: RenderPlan,
    attributions: _Batch,
    image: _Batch | None,
    palette: NDArray[np.uint8] | None,
    text: list[tuple[str, str]],
    compression: str,
    n_threads: int,
    folder: bytes,
    names: list[tuple[bytes, bytes]],
    stop_at_fault: bool,
    objects: list[str] = [],
    clip: str = "",
) -> tuple[int, float, float, list[tuple[str, int, int]]]: ...
def encode_png(
    picture: NDArray[np.uint8],
    palette: NDArray[np.uint8] | None,
    text: list[tuple[str, str]],
    compression: str,
    n_threads: int,
) -> bytes: ...
def encode_strip(picture: NDArray[np.uint8], compression: str, n_threads: int) -> bytes: ...
def write_png(
    pictures: NDArray[np.uint8],
    palette: NDArray[np.uint8] | None,
    text: list[tuple[str, str]],
    compression: str,
    n_threads: int,
    folder: bytes,
    names: list[tuple[bytes, bytes]],
) -> tuple[int, float, float]: ...
