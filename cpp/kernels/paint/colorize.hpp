// From numbers to bytes: map values to table entries and mask bytes, image numbers to [0, 1] and to
// picture bytes. All work on a short run of pixels; the fused render walks the rows, and paint.hpp
// makes pixels of the bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/normalize/extent.hpp"
#include "kernels/normalize/normalize.hpp"

namespace hotcold {

// From a map value, not yet normalised, to its table entry: Scale, then Limits, then t * entries
// cut to a whole number as matplotlib does, t = 1 (and above) the last entry, below 0 the first.
// Every step is rounded as if it stood alone, so that a picture does not depend on whether the
// normalised values were also asked for.
template <typename T>
struct EntryMap {
    EntryMap(const Scale<T>& scale, const Limits<T>& limits, std::size_t n_entries);

    // Of one normalization's steps, with divisors and limits that allow short cuts: each result is
    // the same bit for bit.
    bool in_short;
    bool magnitude;
    T prescale;
    T low;
    T positive_divisor;
    T negative_divisor;
    T half;  // 0.5 and 0.5 where centred, else 1 and 0
    T offset;
    T limit_low;
    T limit_range;
    T limit_factor;  // 1 / limit_range, if in_short
    T entries;
    std::int32_t last;
    std::int32_t flat_entry;  // for coinciding limits, else -1
};

// Entry: std::uint8_t for up to 256 entries, std::uint16_t beyond.
template <typename T, typename Entry>
void entries_run(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out);

// 255 where the value is above the limit, else 0.
template <typename T>
void above_run(const T* values, std::size_t count, T limit, std::uint8_t* out);

// One channel of an overlay over numbers: floor(gain * x01 + the weighted colour of the entry).
template <typename T, typename Entry>
void blend_run(const T* x01, const Entry* entries, std::size_t count, T gain, const float* weighted,
               std::uint8_t* out);

// floor(255 * v + 0.5) with v clipped to [0, 1] after v = (v - low) / range.
template <typename T>
void bytes_run(const T* values, std::size_t count, const Limits<T>& limits, std::uint8_t* out);

// How an image's numbers become [0, 1]: clip((x * prescale - low) / range, 0, 1); 0 where range is
// 0.
template <typename T>
struct ImageScale {
    T prescale = 1;
    T low = 0;
    T range = 1;
};

// In place: raw image numbers to x01.
template <typename T>
void scale_image_run(T* values, std::size_t count, const ImageScale<T>& scale);

// How a colour was normalised before a model saw it: x = (x01 - mean) / std.
template <typename T>
struct ImageNorm {
    T mean = 0;
    T deviation = 1;
};

// In place: clip(x * std + mean, 0, 1).
template <typename T>
void unnorm_image_run(T* values, std::size_t count, const ImageNorm<T>& norm);

// In place: colours of x01 to their grey, 0.2125 r + 0.7154 g + 0.0721 b, in each of the planes.
// What is grey already keeps its bits.
template <typename T>
void grey_run(T* red, T* green, T* blue, std::size_t count);

// out = opacity * x01; `out` may be `x01`.
template <typename T>
void multiply_run(const T* opacity, const T* x01, std::size_t count, T* out);

}  // namespace hotcold
