// Enlarging of a plane to an image's size, by interpolation between pixel centres.
//
// Definition (torch.nn.functional.interpolate, mode "bilinear", align_corners=False): along each
// axis output i of n lies at s = max(0, (i + 0.5) * n_in / n - 0.5) of the input and is
// in[k] + t * (in[min(k + 1, n_in - 1)] - in[k]) with k = floor(s), t = s - k. Positions are
// computed in double; values in T, within rounding of the definition. A constant stays constant to
// the last bit, and no finite value becomes infinite.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/load/image_view.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// A resize prepared for one pair of sizes: immutable, shared by all threads of a call.
template <typename T>
class BilinearResize {
  public:
    // Only rows and columns count, all >= 1. Meant for enlarging; smaller sizes are sampled, not
    // averaged.
    BilinearResize(const Shape& from, const Shape& to);

    bool is_identity() const {
        return from_rows_ == rows_.size() && from_columns_ == columns_.size();
    }

    // Scratch that apply() needs.
    std::size_t workspace_bytes() const;

    // Reads a contiguous plane of the one size and writes one of the other, no overlap. `scratch`
    // holds workspace_bytes(), 64-byte aligned.
    void apply(const T* from, T* to, std::byte* scratch, const Team& team) const;

  private:
    // Where an output row or column lies: `fraction` of the way from input `first` to `second`.
    struct Place {
        std::size_t first;
        std::size_t second;
        T fraction;
    };
    static std::vector<Place> places(std::size_t from, std::size_t to);

    std::size_t from_rows_;
    std::size_t from_columns_;
    std::vector<Place> rows_;
    std::vector<Place> columns_;
};

}  // namespace hotcold
