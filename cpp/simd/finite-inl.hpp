// Whether numbers are finite, told by their bits, which compilers make vectors of. For .simd.cpp
// files, as vec-inl.hpp is.
#pragma once

#include <cstdint>
#include <cstring>

#include "simd/levels.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

inline std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

inline std::uint64_t bits_of(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

inline float float_of(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

// The alarms of many numbers are or-ed. Adding one to the exponent carries into the sign bit from
// the largest exponent alone.
inline std::uint32_t alarm(float value) { return (bits_of(value) & 0x7fffffffu) + 0x00800000u; }
inline std::uint64_t alarm(double value) {
    return (bits_of(value) & 0x7fffffffffffffffu) + 0x0010000000000000u;
}
inline bool raised(std::uint32_t alarms) { return (alarms >> 31) != 0; }
inline bool raised(std::uint64_t alarms) { return (alarms >> 63) != 0; }

template <typename T>
using Alarms = decltype(alarm(T{}));

template <typename T>
bool is_finite(T value) {
    return !raised(alarm(value));
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
