// One plane of numbers, wherever it comes from: a channel of an item, its channels reduced to one,
// or scratch. Read whole or a few rows at a time.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "kernels/load/reduction.hpp"
#include "runtime/parallel.hpp"
#include "simd/prefetch.hpp"

namespace hotcold {

template <typename T>
class PlaneReader {
  public:
    // The source must outlive the reader.
    static PlaneReader channel(const SourceView& source, std::size_t item, std::size_t channel);
    // All channels reduced to one, in T, from the first channel to the last; a norm of floats in
    // double. What goes beyond T's range becomes its largest value. Not kNone.
    static PlaneReader reduced(const SourceView& source, std::size_t item, Reduction reduction);
    // A contiguous plane of finite numbers.
    static PlaneReader plane(const T* plane, std::size_t rows, std::size_t columns);

    // Writes `count` rows from `row` on, without gaps, to `out`. Returns the number of NaN and
    // infinities read; they are taken as 0. Finite values beyond T's range become its largest.
    std::size_t read(std::size_t row, std::size_t count, T* out) const;

    // The whole plane, unless it lies there already.
    std::size_t read(T* out, const Team& team) const;

    // Row `row`, where numbers of T lie side by side and can be used as they are, in_place_pitch()
    // elements before the next; else null. They may hold NaN unless known_finite().
    const T* in_place(std::size_t row) const;
    std::ptrdiff_t in_place_pitch() const { return source_.strides.row; }
    bool known_finite() const { return known_finite_; }

    // What read() of these rows touches, or nothing where that is spread too thin or too much.
    PrefetchRange memory(std::size_t row, std::size_t count) const;

  private:
    PlaneReader() = default;

    std::size_t reduce(std::size_t row, std::size_t count, T* out) const;

    SourceView source_;
    std::size_t item_ = 0;
    std::size_t channel_ = 0;
    std::size_t channels_ = 1;  // so many, from `channel_` on, are reduced
    Reduction reduction_ = Reduction::kNone;
    bool known_finite_ = false;
};

}  // namespace hotcold
