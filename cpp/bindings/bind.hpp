// One function per bind_<kernel>.cpp; module.cpp is the table of contents.
#pragma once

#include <pybind11/pybind11.h>

namespace hotcold {

void bind_cam_overlay(pybind11::module_& m);
void bind_gaussian_blur(pybind11::module_& m);
void bind_normalize(pybind11::module_& m);
void bind_percentile_mask(pybind11::module_& m);
void bind_png(pybind11::module_& m);
void bind_compare(pybind11::module_& m);
void bind_regions(pybind11::module_& m);
void bind_render(pybind11::module_& m);
void bind_render_png(pybind11::module_& m);
void bind_runtime(pybind11::module_& m);
void bind_tile(pybind11::module_& m);

}  // namespace hotcold
