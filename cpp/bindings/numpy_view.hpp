// The seam between numpy and the kernels, and the only place that knows both: turns arrays into
// views and refuses, with a sentence, whatever could make a kernel read or write the wrong memory.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>

#include "kernels/load/image_view.hpp"

namespace hotcold {

// More elements than any item holds that is not broadcast. Sizes are computed from the numbers of
// elements later, as are those of scratch memory; below this none overflows.
constexpr std::size_t kMaxElements = std::size_t{1} << 48;

// A 4-D array with axes (item, channel, row, column), any real native dtype, any strides. `name` is
// the argument's name in messages.
SourceView source_view(const pybind11::array& array, const char* name);

// The same, to write: dtype T exactly, writeable, of this shape, no two elements at one address.
template <typename T>
BatchView<T> batch_view(const pybind11::array& array, const char* name, const Shape& shape);

// TypeError unless the array holds real numbers of a size and order that the core knows.
void require_real(const pybind11::array& array, const char* name);

// Refuses values that lie elsewhere than at multiples of their size.
void require_aligned(const pybind11::array& array, const char* name);

// A uint8 array (N, H, W, C) to write, or a grid (rows, columns, H, W, C) with cells for all items.
PictureView picture_view(const pybind11::array& array, const char* name, const Shape& shape,
                         std::size_t channels);

// std::invalid_argument when the two arrays may share memory.
void refuse_overlap(const pybind11::array& input, const char* input_name,
                    const pybind11::array& output, const char* output_name);

// Whether the array holds float64.
bool is_float64(const pybind11::array& array);

// n_threads as given, once it is known to be >= 1.
int checked_threads(int n_threads);

// None, or (item, count) of the first non-finite item.
pybind11::object nonfinite_result(const NonFinite& found);

}  // namespace hotcold
