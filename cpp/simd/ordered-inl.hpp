// Numbers as integers in the same order. Compilers turn running minima and maxima of integers into
// vectors; those of floating-point numbers they leave alone, for the sake of NaN and -0, neither of
// which matters here. Include in .simd.cpp files only.
#pragma once

#include <cstdint>
#include <cstring>

#include "simd/levels.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Negative numbers have all bits but the sign turned over, which reverses their order. -0 comes
// just before 0.
template <typename T>
struct Ordered;

template <>
struct Ordered<float> {
    using Key = std::int32_t;
    static constexpr Key kLargest = 0x7f7fffff;  // of FLT_MAX; -kLargest - 1 is that of -FLT_MAX

    static Key key(float value) {
        Key bits;
        std::memcpy(&bits, &value, sizeof(bits));
        return bits ^ ((bits >> 31) & 0x7fffffff);
    }
    static float value(Key key) {
        const Key bits = key ^ ((key >> 31) & 0x7fffffff);
        float result;
        std::memcpy(&result, &bits, sizeof(result));
        return result;
    }
};

template <>
struct Ordered<double> {
    using Key = std::int64_t;
    static constexpr Key kLargest = 0x7fefffffffffffff;  // of DBL_MAX

    static Key key(double value) {
        Key bits;
        std::memcpy(&bits, &value, sizeof(bits));
        return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
    }
    static double value(Key key) {
        const Key bits = key ^ ((key >> 63) & 0x7fffffffffffffff);
        double result;
        std::memcpy(&result, &bits, sizeof(result));
        return result;
    }
};

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
