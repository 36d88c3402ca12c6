"""Calls of other libraries: the same names, arguments, defaults and pictures.

Change the import and keep the call. The site's migration pages say what differs, and why: what is
wrong there is an error with a sentence here, or right.
"""

from __future__ import annotations

from hotcold.compat.captum import visualize_image_attr, visualize_image_attr_multiple
from hotcold.compat.grad_cam import show_cam_on_image
from hotcold.compat.shap import image, image_plot

__all__ = [
    "image",
    "image_plot",
    "show_cam_on_image",
    "visualize_image_attr",
    "visualize_image_attr_multiple",
]
