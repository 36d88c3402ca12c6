// Division by one divisor many times over. Include in .simd.cpp files only.
#pragma once

#include "simd/levels.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

#if defined(__FMA__) || defined(__aarch64__)
inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
constexpr bool kDivideByReciprocal = true;
#else
template <typename T>
T multiply_add(T a, T b, T c) {
    return a * b + c;
}
constexpr bool kDivideByReciprocal = false;
#endif

// a / divisor. With fused multiply-adds, by a product and one correction: a third of a division's
// time, and the same last bit wherever nothing underflows on the way (Markstein 1990, theorem 8.3:
// the reciprocal is rounded correctly and the divisor's fraction is not all ones). That holds for a
// quotient above 2^-50 and a divisor from 2^-60 to 2^60; it is not for infinite values of `a`,
// which give NaN.
template <typename T>
struct Divisor {
    explicit Divisor(T value) : divisor(value), reciprocal(T{1} / value) {}

    T divide(T a) const {
        if constexpr (kDivideByReciprocal) {
            const T quotient = a * reciprocal;
            return multiply_add(multiply_add(-quotient, divisor, a), reciprocal, quotient);
        } else {
            return a / divisor;
        }
    }

    T divisor;
    T reciprocal;
};

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
