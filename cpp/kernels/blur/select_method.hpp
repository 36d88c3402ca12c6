// Which way of blurring is the quickest here.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/blur/method.hpp"

namespace hotcold {

enum class BlurAccuracy { kExact, kFast };

// None when the blur changes nothing.
template <typename T>
std::unique_ptr<BlurMethod<T>> make_blur(std::size_t rows, std::size_t columns, double sigma_y,
                                         double sigma_x, BlurAccuracy accuracy);

// The name of that way: "identity", "fir", "nodes", "nodes with tail". For tests and benchmarks.
template <typename T>
const char* method_name(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                        BlurAccuracy accuracy);

}  // namespace hotcold
