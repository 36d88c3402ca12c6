#include "kernels/colorize.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/colorize.simd.hpp"

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

// 1 / range if multiplying by it is dividing: for powers of two that stay normal. Else 0.
template <typename T>
T exact_factor(T range) {
    int exponent = 0;
    if (std::frexp(range, &exponent) != T{0.5}) return T{0};
    return exponent > -100 && exponent < 100 ? T{1} / range : T{0};
}

}  // namespace

template <typename T>
EntryMap<T>::EntryMap(const Scale<T>& scale, const Limits<T>& limits, std::size_t n_entries)
    : divide(scale.identity                                     ? Divide::kNot
             : scale.positive_divisor == scale.negative_divisor ? Divide::kOne
                                                                : Divide::kTwo),
      magnitude(scale.magnitude),
      prescale(scale.prescale),
      low(scale.low),
      positive_divisor(scale.positive_divisor == T{0} ? T{1} : scale.positive_divisor),
      negative_divisor(scale.negative_divisor == T{0} ? T{1} : scale.negative_divisor),
      half(scale.centered ? T{0.5} : T{1}),
      offset(scale.centered ? T{0.5} : T{0}),
      limit_low(limits.low),
      limit_range(limits.range),
      limit_factor(exact_factor(limits.range)),
      entries(static_cast<T>(n_entries)),
      last(static_cast<std::int32_t>(n_entries) - 1),
      flat_entry(limits.range > T{0}
                     ? -1
                     : std::min(last, static_cast<std::int32_t>(limits.flat * entries))) {}

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
void blend_run(const T* x01, const Entry* entries, std::size_t count, T gain, const float* share,
               std::uint8_t* out) {
    entry_ops<T, Entry>().blend(x01, entries, count, gain, share, out);
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
    template void multiply_run(const T*, const T*, std::size_t, T*);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
