// Enlarging of a plane to an image's size, by interpolation between pixel centres.
//
// Definitions (torch.nn.functional.interpolate, align_corners=False), along each axis, for output i
// of n from n_in inputs, beyond whose ends the last one is repeated:
// - bilinear: s = max(0, (i + 0.5) * n_in / n - 0.5), k = floor(s), t = s - k;
//   in[k] + t * (in[k + 1] - in[k]). A constant stays constant to the last bit.
// - bicubic: the same without max; in[k - 1] to in[k + 2], weighted by the cubic convolution of
//   Keys (1981) with a = -0.75. It overshoots at edges.
// - nearest: in[floor(i * (n_in / n))], the product in float as there.
// Positions are computed in double; values in T, within rounding of the definition. No finite value
// becomes infinite.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/load/image_view.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

enum class Interpolation { kNearest, kBilinear, kBicubic };

// A resize prepared for one pair of sizes: immutable, shared by all threads of a call.
template <typename T>
class Resize {
  public:
    // Only rows and columns count, all >= 1. Meant for enlarging; smaller sizes are sampled, not
    // averaged.
    Resize(const Shape& from, const Shape& to, Interpolation interpolation);

    bool is_identity() const {
        return from_rows_ == rows_.size() && from_columns_ == columns_.size();
    }

    // Scratch that apply() needs.
    std::size_t workspace_bytes() const;

    // Reads a contiguous plane of the one size and writes one of the other, no overlap. `scratch`
    // holds workspace_bytes(), 64-byte aligned.
    void apply(const T* from, T* to, std::byte* scratch, const Team& team) const;

  private:
    // Where an output row or column comes from: its inputs, and their weights, or for kBilinear how
    // far it lies from the first to the second.
    struct Place {
        std::size_t from[4];
        T weights[4];
    };
    static std::vector<Place> places(std::size_t from, std::size_t to, Interpolation interpolation);

    // A row of the input to the output's width; then a row of the output from such rows.
    void widen(const T* in, T* out) const;
    void mix(const T* wide, const Place& place, T* out) const;

    Interpolation interpolation_;
    std::size_t from_rows_;
    std::size_t from_columns_;
    std::vector<Place> rows_;
    std::vector<Place> columns_;
};

}  // namespace hotcold
