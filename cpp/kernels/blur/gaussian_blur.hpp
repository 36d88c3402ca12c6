// Gaussian blur of a plane over its two axes, border `reflect` (d c b a | a b c d | d c b a).
//
// Definition (scipy.ndimage.gaussian_filter, truncate 4.0): weights exp(-k^2 / (2 sigma^2)) for
// |k| <= int(4 sigma + 0.5), normalised to sum 1 in double, applied along rows, then columns.
// kExact is within 2e-6 of that evaluated in double for float input in [-1, 1] (1e-12 for double);
// kFast within 2e-4, at a cost that does not grow with sigma_y. Pixels of a pair are added before
// they are weighed: values above half the type's largest overflow.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/blur/select_method.hpp"
#include "kernels/load/image_view.hpp"
#include "kernels/load/plane_reader.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// A blur prepared for one plane size and sigma: immutable, shared by all threads of a call.
template <typename T>
class GaussianBlur {
  public:
    // sigma_y and sigma_x in pixels, finite and >= 0 (0: that axis is left alone); rows, columns
    // >= 1.
    GaussianBlur(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                 BlurAccuracy accuracy);
    ~GaussianBlur();
    GaussianBlur(const GaussianBlur&) = delete;
    GaussianBlur& operator=(const GaussianBlur&) = delete;

    bool is_identity() const;

    // Scratch that apply() takes from the workspace.
    std::size_t workspace_bytes() const;

    // Blurs a contiguous plane in place. `scratch` holds workspace_bytes(), 64-byte aligned.
    void apply(T* plane, std::byte* scratch, const Team& team) const;

    // Reads a plane of this size and blurs it into the contiguous plane `out`. Returns how many
    // values were not finite. `next`, if not null, is what will be read afterwards: its beginning
    // is fetched on the way.
    std::size_t apply(const PlaneReader<T>& from, const PlaneReader<T>* next, T* out,
                      std::byte* scratch, const Team& team) const;

  private:
    std::size_t rows_;
    std::size_t columns_;
    std::unique_ptr<const BlurMethod<T>> method_;  // none: nothing to do
};

// Blurs every channel of every item into `out` (same shape, no overlap). When the result tells of
// a non-finite input, `out` holds nothing of use.
template <typename T>
NonFinite gaussian_blur(const SourceView& source, double sigma_y, double sigma_x,
                        BlurAccuracy accuracy, const BatchView<T>& out, int n_threads);

}  // namespace hotcold
