// Whole numbers divided and rounded upwards.
#pragma once

#include <cstddef>

namespace hotcold {

// How many parts of `step` cover n.
constexpr std::size_t ceil_div(std::size_t n, std::size_t step) { return (n + step - 1) / step; }

// The smallest multiple of `step` that is n or more.
constexpr std::size_t round_up(std::size_t n, std::size_t step) { return ceil_div(n, step) * step; }

}  // namespace hotcold
