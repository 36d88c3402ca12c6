"""`animate`: frames into one file that plays."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _atomic, _validate
from hotcold.animation import video
from hotcold.options import rgb
from hotcold.panel import text

if TYPE_CHECKING:
    from PIL.Image import Image

Frames = NDArray[np.uint8]

SUFFIXES = (".gif", ".png", ".apng", ".webp", video.SUFFIX)
_MOST_COLORS = 256  # of a GIF's frame
_GIF_FPS = 50  # above which players slow down
_AIR = 3  # pixels around a caption


class ColorsWarning(UserWarning):
    """A GIF has fewer colours than its frames."""


def animate(
    frames: Any,
    output_file: str | os.PathLike[str],
    *,
    fps: float = 10,
    loop: int = 0,
    captions: Sequence[str] | None = None,
    background: Any = "white",
) -> None:
    """Write pictures into one file that plays them one after the other.

    Parameters
    ----------
    frames : ndarray of uint8, shape (F, H, W, 3 or 4), or a sequence of such pictures
        At least two, as `render` of a visualizer or a panel returns them.
    output_file : path-like
        By its suffix: gif, png or apng (an animated PNG), webp, or mp4 with the extra
        ``hotcold[video]``. It appears whole or not at all.
    fps : float, default 10
        Frames a second, up to 100; a GIF up to 50.
    loop : int >= 0, default 0
        How often it plays; 0: for ever. Of an MP4 the player decides.
    captions : sequence of str, optional
        A line below each frame.
    background : matplotlib colour, default "white"
        Behind the captions, and in a GIF and an MP4 behind what is transparent.

    Raises
    ------
    ValueError
        One frame, frames of several shapes, an unknown suffix, a number out of its range, not one
        caption a frame, a character that no font has.
    TypeError
        Frames that are not uint8.
    ImportError
        An MP4, and PyAV is not installed.
    OSError
        A file that cannot be written.

    Warns
    -----
    ColorsWarning
        A GIF whose frames have more than 256 colours, which become the 256 that are nearest.

    Notes
    -----
    PNG and WebP hold the pixels as they are (WebP no colour where nothing is seen), and so does a
    GIF up to 256 colours a frame. Frames that are the same as the one before are shown longer
    rather than stored again. An MP4 (H.264) is for slides and players: small, but with losses, of
    two levels of 255 as a rule, most where colours change from pixel to pixel; of an odd number of
    rows or columns the last is there twice.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, hotcold
    >>> one = hotcold.data.load_example().attributions[:1]
    >>> maps = one * np.linspace(0, 1, 5)[:, None, None, None]
    >>> frames = hotcold.Visualizer(True, scale="shared").render(maps)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "growing.png"
    ...     hotcold.animate(frames, path, fps=5, captions=[f"step {i}" for i in range(5)])
    ...     path.stat().st_size > 0
    True
    """
    suffix = known_suffix(output_file)
    pictures = _checked(frames)
    most = _GIF_FPS if suffix == ".gif" else 100
    if isinstance(fps, bool | str) or not 0 < fps <= most:
        msg = f"`fps` must be above 0 and at most {most} for {suffix}, got {fps!r}"
        raise ValueError(msg)
    loop = _validate.whole("loop", loop, 0)
    red, green, blue = (int(c * 255 + 0.5) for c in rgb("background", background))
    if captions is not None:
        pictures = _captioned(pictures, captions, (red, green, blue))
    behind = np.array([red, green, blue], np.uint8)
    if suffix == video.SUFFIX:
        data = video.encode(_opaque(pictures, behind), fps)
        _atomic.write_atomically(output_file, data)
        return
    images = _images(pictures, suffix, behind)
    options: dict[str, Any] = {"loop": loop, "duration": round(1000 / fps)}
    if suffix == ".webp":
        options.update(format="WEBP", lossless=True, exact=True, method=2)
    elif suffix == ".gif":
        options.update(format="GIF", disposal=1)
    else:
        options.update(format="PNG")
    buffer = io.BytesIO()
    images[0].save(buffer, save_all=True, append_images=images[1:], **options)
    _atomic.write_atomically(output_file, buffer.getvalue())


def known_suffix(output_file: str | os.PathLike[str]) -> str:
    """Return the suffix of a file that plays, in lower case.

    Raises
    ------
    ValueError
        Another one.
    ImportError
        What writes such files is not installed.
    """
    suffix = Path(os.fsdecode(output_file)).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        msg = f"`output_file` must end in one of {known}, got {os.fsdecode(output_file)!r}"
        raise ValueError(msg)
    if suffix == video.SUFFIX:
        video.library()
    return suffix


def _checked(frames: Any) -> Frames:
    """Return frames as one array."""
    if isinstance(frames, Sequence):
        shapes = {np.shape(frame) for frame in frames}
        if len(shapes) > 1:
            told = ", ".join(map(str, sorted(shapes)))
            msg = f"`frames` must have one shape, got {told}"
            raise ValueError(msg)
    pictures = np.asarray(frames)
    if pictures.dtype != np.uint8:
        msg = f"`frames` must be pictures of dtype uint8, got {pictures.dtype}; a visualizer's "
        msg += "render returns them"
        raise TypeError(msg)
    if pictures.ndim != 4 or pictures.shape[3] not in (3, 4) or 0 in pictures.shape:
        msg = f"`frames` must have shape (F, H, W, 3 or 4), got {pictures.shape}"
        raise ValueError(msg)
    if len(pictures) < 2:
        msg = "`frames` must be at least two to play, got 1; a picture alone is saved as it is"
        raise ValueError(msg)
    return pictures


def _captioned(pictures: Frames, captions: Sequence[str], background: text.Color) -> Frames:
    """Return the frames with a line below each."""
    if isinstance(captions, str) or len(captions) != len(pictures):
        got = repr(captions) if isinstance(captions, str) else len(captions)
        msg = f"`captions` must hold {len(pictures)} strings, one per frame, got {got}"
        raise ValueError(msg)
    lines = [text.check("captions", line) for line in captions]
    height, width, channels = pictures.shape[1:]
    size = text.size_for(height)
    line = text.line_height(size) + _AIR
    larger = np.empty((len(pictures), height + line, width, channels), np.uint8)
    larger[:, :height] = pictures
    below = larger[:, height:]
    below[..., :3] = background
    below[..., 3:] = 255
    dark = sum(background) < 3 * 128
    for strip, caption in zip(below[..., :3], lines, strict=True):
        text.draw(strip, caption, size, (255, 255, 255) if dark else (0, 0, 0))
    return larger


def _images(pictures: Frames, suffix: str, background: NDArray[np.uint8]) -> list[Image]:
    """Return the frames as Pillow has them."""
    from PIL import Image

    if suffix != ".gif":
        return [Image.fromarray(np.ascontiguousarray(picture)) for picture in pictures]
    pictures = _opaque(pictures, background)
    images, n_reduced = [], 0
    for picture in pictures:
        image = _palette_image(picture)
        if image is None:
            n_reduced += 1
            plain = Image.fromarray(np.ascontiguousarray(picture))
            image = plain.quantize(_MOST_COLORS, dither=Image.Dither.NONE)
        images.append(image)
    if n_reduced:
        msg = (
            f"{n_reduced} of {len(images)} frames have more than {_MOST_COLORS} colours, and a GIF "
            "has no more: the nearest are shown; png and webp hold all"
        )
        warnings.warn(msg, ColorsWarning, stacklevel=4)
    return images


def _opaque(pictures: Frames, background: NDArray[np.uint8]) -> Frames:
    """Return the frames over a background, without alpha."""
    if pictures.shape[3] == 3:
        return pictures
    alpha = pictures[..., 3:].astype(np.uint16)
    over = pictures[..., :3] * alpha + background.astype(np.uint16) * (255 - alpha)
    return ((over + 127) // 255).astype(np.uint8)


def _palette_image(picture: NDArray[np.uint8]) -> Image | None:
    """Return a picture of up to 256 colours with exactly these; None for one of more."""
    from PIL import Image

    wide = picture.astype(np.uint32)
    packed = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    colors, places = np.unique(packed, return_inverse=True)
    if len(colors) > _MOST_COLORS:
        return None
    image = Image.fromarray(places.reshape(packed.shape).astype(np.uint8), mode="P")
    rows = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=1)
    image.putpalette(rows.astype(np.uint8).tobytes())
    return image
