// Exact blur by its definition: one folded tap after the other, along the rows, then the columns.
#pragma once

#include <memory>

#include "kernels/blur/method.hpp"

namespace hotcold {

// rows, columns >= 1; sigmas in pixels, finite, >= 0. Within rounding of the definition; cost
// (r_y + r_x + 2) multiply-adds a pixel, r = min(int(4 sigma + 0.5), axis).
template <typename T>
std::unique_ptr<BlurMethod<T>> make_fir_blur(std::size_t rows, std::size_t columns, double sigma_y,
                                             double sigma_x);

}  // namespace hotcold
