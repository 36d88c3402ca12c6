"""Frames as an MP4 file, by PyAV, which brings FFmpeg's libraries."""

from __future__ import annotations

import io
from fractions import Fraction
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hotcold._extras import require

SUFFIX = ".mp4"
# Of H.264, from 0 to 51: below 18 an eye sees no loss.
_QUALITY = "14"
_BT709 = 1  # by ITU-T H.273, for colours as for their curve and matrix


def library() -> ModuleType:
    """Return PyAV.

    Raises
    ------
    ImportError
        It is not installed; the message names the extra.
    """
    return require("av", "video", "to write MP4 files")


def encode(pictures: NDArray[np.uint8], fps: float) -> bytes:
    """Return the bytes of a video.

    Parameters
    ----------
    pictures : ndarray of uint8, shape (F, H, W, 3)
        Every one becomes a frame; of odd numbers of rows and columns the last is repeated.
    fps : float
        Frames a second.
    """
    av = library()
    height, width = pictures.shape[1:3]
    even = [(0, 0), (0, height % 2), (0, width % 2), (0, 0)]
    pictures = np.pad(pictures, even, mode="edge") if height % 2 or width % 2 else pictures
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        rate = Fraction(fps).limit_denominator(1001)
        stream = container.add_stream("libx264", rate)
        # With one thread and without mbtree, whose results vary from run to run (x264 of FFmpeg 8,
        # 2026-11), the bytes depend on the frames alone.
        stream.options = {"crf": _QUALITY, "preset": "medium", "x264-params": "mbtree=0"}
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = "yuv420p"  # what every player plays
        context = stream.codec_context
        context.thread_count = 1
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = 1  # limited
        for place, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = frame.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = place, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()
