// Blur through a coarser grid: a cost that does not grow with sigma, exact or fast.
#pragma once

#include <memory>

#include "kernels/blur/method.hpp"

namespace hotcold {

// rows, columns >= 2, sigmas finite and >= kCoarseSigma. Error of the worst input in [-1, 1],
// rounding aside (the sums of what is left out, each measured over sizes and sigmas):
//   exact (float only): 4e-7 the nodes, 3e-7 the tail beyond 5.1 sigma, 3e-7 the tail's blur
//   across. fast: 1.4e-4. sigma_x may be anything here, its axis is exact.
constexpr double kCoarseSigma = 3.0;

template <typename T>
std::unique_ptr<BlurMethod<T>> make_coarse_blur(std::size_t rows, std::size_t columns,
                                                double sigma_y, double sigma_x, bool exact);

}  // namespace hotcold
