"""What people use today, written as well as those libraries allow."""

from __future__ import annotations

import io

import cv2
import matplotlib as mpl
import numpy as np
import scipy.ndimage
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

cv2.setNumThreads(1)  # cases that want more use a pool of Python threads: OpenCV drops the GIL


def cv2_blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a plane by OpenCV, with scipy's truncation and border."""
    size = 2 * int(4 * sigma + 0.5) + 1
    return cv2.GaussianBlur(plane, (size, size), sigma, sigmaY=sigma, borderType=cv2.BORDER_REFLECT)


def scipy_blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a plane by scipy, in the plane's dtype."""
    return scipy.ndimage.gaussian_filter(plane, sigma, mode="reflect", truncate=4.0)


def torch_blur(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (N, 1, H, W) by two convolutions of torch, on one thread."""
    import torch

    torch.set_num_threads(1)
    radius = int(4 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights = torch.from_numpy((taps / taps.sum()).astype(np.float32))
    # Torch's own "reflect" leaves the edge out; scipy's and ours is numpy's "symmetric".
    padded = np.pad(planes, [(0, 0), (0, 0), (radius, radius), (radius, radius)], "symmetric")
    rows = torch.nn.functional.conv2d(torch.from_numpy(padded), weights.reshape(1, 1, 1, -1))
    return torch.nn.functional.conv2d(rows, weights.reshape(1, 1, -1, 1)).numpy()


def jet_table() -> np.ndarray:
    """Matplotlib's jet as OpenCV wants it, uint8 (256, 1, 3), RGB."""
    return mpl.colormaps["jet"](np.arange(256), bytes=True)[:, None, :3].copy()


def cv2_overlay(attribution: np.ndarray, image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Reduce, blur, scale, colour, blend: the usual OpenCV chain for one (3, H, W) map."""
    heat = cv2_blur(attribution.mean(0), 10)
    largest = max(abs(float(heat.min())), float(heat.max())) or 1.0
    # [-max, max] to [0, 255]
    grey = cv2.convertScaleAbs(heat, alpha=127.5 / largest, beta=127.5)
    colour = cv2.applyColorMap(grey, table)
    return cv2.addWeighted(image, 0.5, colour, 0.5, 0)


def cv2_mask(attribution: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Mask an image by numpy and OpenCV: combine, blur, clip, percentile, multiply."""
    heat = np.maximum(cv2_blur(attribution.mean(0), 5), 0)
    opacity = np.where(heat > np.percentile(heat, 50), np.float32(1), np.float32(0.2))
    return cv2.multiply(image, cv2.merge([opacity] * 3), dtype=cv2.CV_8U)


def matplotlib_overlay_png(attribution: np.ndarray, image: np.ndarray) -> bytes:
    """Draw one overlay the way visualisation modules do: a figure an item, then savefig."""
    heat = scipy_blur(attribution.mean(0), 10)
    heat = heat / (np.abs(heat).max() or 1)
    figure = Figure(figsize=(4, 4))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(image)
    axes.imshow(heat, cmap="jet", alpha=0.5, vmin=-1, vmax=1)
    axes.set_axis_off()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
