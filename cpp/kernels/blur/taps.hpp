// Weights of the truncated Gaussian on a reflecting axis.
#pragma once

#include <cstddef>
#include <vector>

namespace hotcold {

// Taps 0..k of one side, k <= n: tap 0 multiplies the pixel itself, tap k the sum of the two pixels
// k away. A kernel wider than the axis (n pixels, n >= 1) is folded: the reflected axis repeats
// every 2n pixels, so no tap beyond n is needed. sigma in pixels, finite, >= 0.
//
// Time and memory stay bounded for any sigma (at most 200 n exponentials).
std::vector<double> gaussian_taps(double sigma, std::size_t n);

// The sum of the weights if they were not cut off at 4 sigma: 1 + 6.3e-5. sigma >= 2.
double uncut_sum(double sigma);

// What the cut takes away, up to 5.1 sigma (3e-7 of the whole lies beyond), as taps of one side:
// taps[i] belongs to distance first + i. sigma >= 2.
struct TailTaps {
    std::vector<double> taps;
    std::size_t first;
};
TailTaps tail_taps(double sigma, std::size_t n);

}  // namespace hotcold
