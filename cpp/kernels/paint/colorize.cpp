#include "kernels/paint/colorize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/paint/colorize.ops.hpp"

namespace hotcold {
namespace {

template <typename T>
const ColorizeOps<T>& ops();
template <>
const ColorizeOps<float>& ops<float>() {
    return HOTCOLD_SELECT(colorize_f);
}
template <>
const ColorizeOps<double>& ops<double>() {
    return HOTCOLD_SELECT(colorize_d);
}

template <typename T, typename Entry>
const EntryOps<T, Entry>& entry_ops() {
    if constexpr (sizeof(Entry) == 1) {
        return ops<T>().entries_8;
    } else {
        return ops<T>().entries_16;
    }
}

// Whether dividing by `divisor` may go by its reciprocal: see divide-inl.hpp. A quotient too small
// to be right to the last bit is far below the first edge of a table, or vanishes when the limits'
// low end is taken off.
template <typename T>
bool allows_reciprocal(T divisor) {
    int exponent = 0;
    const T fraction = std::frexp(divisor, &exponent);  // in [0.5, 1)
    const bool all_ones = fraction == T{1} - std::numeric_limits<T>::epsilon() / 2;
    return exponent > -60 && exponent < 60 && !all_ones;
}

// Limits for which a division is a product with a power of two, and every value that a scale can
// give, magnitude at most 1 but for rounding, gets an entry that fits 32 bits.
template <typename T>
bool are_plain(const Limits<T>& limits) {
    return (limits.low == T{-1} || limits.low == T{0}) &&
           (limits.range == T{1} || limits.range == T{2});
}

// Steps that occur together in some normalization.
template <typename T>
bool are_of_one_mode(const Scale<T>& scale) {
    const bool shift = scale.prescale != T{1} || scale.low != T{0};
    const bool two = scale.positive_divisor != scale.negative_divisor;
    return !scale.identity && int{scale.magnitude} + int{shift} + int{two || scale.centered} <= 1;
}

}  // namespace

template <typename T>
EntryMap<T>::EntryMap(const Scale<T>& scale, const Limits<T>& limits, std::size_t n_entries)
    : magnitude(scale.magnitude),
      prescale(scale.prescale),
      low(scale.low),
      positive_divisor(scale.positive_divisor == T{0} ? T{1} : scale.positive_divisor),
      negative_divisor(scale.negative_divisor == T{0} ? T{1} : scale.negative_divisor),
      half(scale.centered ? T{0.5} : T{1}),
      offset(scale.centered ? T{0.5} : T{0}),
      limit_low(limits.low),
      limit_range(limits.range),
      limit_factor(T{1} / limits.range),
      entries(static_cast<T>(n_entries)),
      last(static_cast<std::int32_t>(n_entries) - 1),
      flat_entry(limits.range > T{0}
                     ? -1
                     : std::min(last, static_cast<std::int32_t>(limits.flat * entries))) {
    in_short = are_plain(limits) && are_of_one_mode(scale) && allows_reciprocal(positive_divisor) &&
               allows_reciprocal(negative_divisor);
}

template <typename T, typename Entry>
void entries_run(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    if (map.flat_entry >= 0) {
        std::fill(out, out + count, static_cast<Entry>(map.flat_entry));
    } else {
        entry_ops<T, Entry>().entries(values, count, map, out);
    }
}

template <typename T>
void above_run(const T* values, std::size_t count, T limit, std::uint8_t* out) {
    ops<T>().above(values, count, limit, out);
}

template <typename T, typename Entry>
void blend_run(const T* x01, const Entry* entries, std::size_t count, T gain, const float* weighted,
               std::uint8_t* out) {
    entry_ops<T, Entry>().blend(x01, entries, count, gain, weighted, out);
}

template <typename T>
void bytes_run(const T* values, std::size_t count, const Limits<T>& limits, std::uint8_t* out) {
    ops<T>().bytes(values, count, limits, out);
}

template <typename T>
void scale_image_run(T* values, std::size_t count, const ImageScale<T>& scale) {
    ops<T>().scale_image(values, count, scale);
}

template <typename T>
void unnorm_image_run(T* values, std::size_t count, const ImageNorm<T>& norm) {
    ops<T>().unnorm_image(values, count, norm);
}

template <typename T>
void grey_run(T* red, T* green, T* blue, std::size_t count) {
    ops<T>().grey(red, green, blue, count);
}

template <typename T>
void multiply_run(const T* opacity, const T* x01, std::size_t count, T* out) {
    ops<T>().multiply(opacity, x01, count, out);
}

#define HOTCOLD_INSTANTIATE(T)                                                            \
    template struct EntryMap<T>;                                                          \
    template void entries_run(const T*, std::size_t, const EntryMap<T>&, std::uint8_t*);  \
    template void entries_run(const T*, std::size_t, const EntryMap<T>&, std::uint16_t*); \
    template void above_run(const T*, std::size_t, T, std::uint8_t*);                     \
    template void blend_run(const T*, const std::uint8_t*, std::size_t, T, const float*,  \
                            std::uint8_t*);                                               \
    template void blend_run(const T*, const std::uint16_t*, std::size_t, T, const float*, \
                            std::uint8_t*);                                               \
    template void bytes_run(const T*, std::size_t, const Limits<T>&, std::uint8_t*);      \
    template void scale_image_run(T*, std::size_t, const ImageScale<T>&);                 \
    template void unnorm_image_run(T*, std::size_t, const ImageNorm<T>&);                 \
    template void grey_run(T*, T*, T*, std::size_t);                                      \
    template void multiply_run(const T*, const T*, std::size_t, T*);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
