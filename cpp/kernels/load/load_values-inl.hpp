// Numbers of any type to float or double, one by one and in rows. A part of load.simd.cpp, which
// alone includes it.
#pragma once

#include <cstdint>

#include "simd/finite-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

struct Half {
    std::uint16_t bits;
};

// Non-finite values stay non-finite, and what does not fit T becomes infinite.
template <typename T, typename Source>
struct Convert {
    static constexpr bool always_finite = true;
    static T value(Source source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, float> {
    static constexpr bool always_finite = false;
    static T value(float source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, double> {
    static constexpr bool always_finite = false;
    static T value(double source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, Half> {
    static constexpr bool always_finite = false;
    // Exponent and fraction, moved into a float's places, are too small by 2^(127 - 15); the
    // product is exact for normal and subnormal halves alike. The largest exponent is not a number.
    static T value(Half source) {
        const std::uint32_t magnitude = static_cast<std::uint32_t>(source.bits & 0x7fffu) << 13;
        const std::uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
        const std::uint32_t scaled = bits_of(float_of(magnitude) * 0x1p112f) | special;
        const std::uint32_t sign = static_cast<std::uint32_t>(source.bits & 0x8000u) << 16;
        return static_cast<T>(float_of(scaled | sign));
    }
};

constexpr float kLargestFloat = 3.4028234663852886e38f;
template <typename T>
constexpr T kLargest = static_cast<T>(kLargestFloat);
template <>
constexpr double kLargest<double> = 1.7976931348623157e308;

// One value with all care: 0 for what is not finite, the largest T for what does not fit.
template <typename T, typename Source>
T careful_value(Source source, std::size_t& bad) {
    if constexpr (Convert<T, Source>::always_finite) {
        return Convert<T, Source>::value(source);
    } else {
        if (!is_finite(Convert<double, Source>::value(source))) {
            ++bad;
            return T{0};
        }
        const T value = Convert<T, Source>::value(source);
        if (is_finite(value)) return value;
        return value > T{0} ? kLargest<T> : -kLargest<T>;
    }
}

template <typename T, typename Source>
bool convert(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    Alarms<T> alarms = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const T value = Convert<T, Source>::value(source[static_cast<std::ptrdiff_t>(i) * stride]);
        out[i] = value;
        if constexpr (!Convert<T, Source>::always_finite) alarms |= alarm(value);
    }
    return !raised(alarms);
}

template <typename T, typename Source>
std::size_t convert_carefully(const Source* source, std::ptrdiff_t stride, std::size_t count,
                              T* out) {
    std::size_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = careful_value<T>(source[static_cast<std::ptrdiff_t>(i) * stride], bad);
    }
    return bad;
}

template <typename T, typename Source>
bool convert_row(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    switch (stride) {
        case 1:
            return convert(source, 1, count, out);
        case 3:
            return convert(source, 3, count, out);
        case 4:
            return convert(source, 4, count, out);
        default:
            return convert(source, stride, count, out);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
