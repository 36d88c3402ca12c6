// Registers of the level a .simd.cpp file is being compiled for, as one type with + - * and
// element loads. Include it in .simd.cpp files only: everything lives in the level's namespace, so
// no two levels share a function.
//
// GCC and clang have vector types; elsewhere (MSVC) a vector is a small array and plain loops.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

#if defined(__GNUC__)
#define HOTCOLD_INLINE inline __attribute__((always_inline))
#define HOTCOLD_NO_INLINE __attribute__((noinline))
#else
#define HOTCOLD_INLINE inline
#define HOTCOLD_NO_INLINE
#endif

namespace hotcold::HOTCOLD_LEVEL {

#if defined(__AVX512F__)
constexpr std::size_t kVectorBytes = 64;
constexpr std::size_t kVectorRegisters = 32;
#elif defined(__AVX__)
constexpr std::size_t kVectorBytes = 32;
constexpr std::size_t kVectorRegisters = 16;
#elif defined(__aarch64__)
constexpr std::size_t kVectorBytes = 16;
constexpr std::size_t kVectorRegisters = 32;
#else
constexpr std::size_t kVectorBytes = 16;
constexpr std::size_t kVectorRegisters = 16;
#endif

template <typename T>
constexpr std::size_t kLanes = kVectorBytes / sizeof(T);

#if defined(__GNUC__)

template <typename T>
struct VecOf {
    typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <typename T>
using Vec = typename VecOf<T>::type;

#else

template <typename T>
struct Vec {
    T lane[kLanes<T>];
    T& operator[](std::size_t i) { return lane[i]; }
    T operator[](std::size_t i) const { return lane[i]; }
};
template <typename T>
HOTCOLD_INLINE Vec<T> operator+(Vec<T> a, const Vec<T>& b) {
    for (std::size_t i = 0; i < kLanes<T>; ++i) a.lane[i] += b.lane[i];
    return a;
}
template <typename T>
HOTCOLD_INLINE Vec<T> operator-(Vec<T> a, const Vec<T>& b) {
    for (std::size_t i = 0; i < kLanes<T>; ++i) a.lane[i] -= b.lane[i];
    return a;
}
template <typename T>
HOTCOLD_INLINE Vec<T> operator*(Vec<T> a, const Vec<T>& b) {
    for (std::size_t i = 0; i < kLanes<T>; ++i) a.lane[i] *= b.lane[i];
    return a;
}

#endif

// No alignment is asked for.
template <typename T>
HOTCOLD_INLINE Vec<T> load(const T* from) {
    Vec<T> v;
#if defined(__GNUC__)
    __builtin_memcpy(&v, from, sizeof(v));
#else
    for (std::size_t i = 0; i < kLanes<T>; ++i) v[i] = from[i];
#endif
    return v;
}

template <typename T>
HOTCOLD_INLINE void store(T* to, const Vec<T>& v) {
#if defined(__GNUC__)
    __builtin_memcpy(to, &v, sizeof(v));
#else
    for (std::size_t i = 0; i < kLanes<T>; ++i) to[i] = v[i];
#endif
}

template <typename T>
HOTCOLD_INLINE Vec<T> broadcast(T value) {
#if defined(__GNUC__)
    return value - Vec<T>{};  // x - 0 is x for every x, so this is one broadcast instruction
#else
    Vec<T> v;
    for (std::size_t i = 0; i < kLanes<T>; ++i) v[i] = value;
    return v;
#endif
}

template <std::size_t bytes>
struct BitsOf;
template <>
struct BitsOf<4> {
    using type = std::int32_t;
};
template <>
struct BitsOf<8> {
    using type = std::int64_t;
};

// One value of memory in all lanes. Zen 4 broadcasts integers while it loads them, floats by a
// shuffle: a twelfth of the blur's time (measured 2026-11).
template <typename T>
HOTCOLD_INLINE Vec<T> broadcast_from(const T* from) {
#if defined(__GNUC__) && defined(__AVX512F__)
    using Bits = typename BitsOf<sizeof(T)>::type;
    Bits bits;
    __builtin_memcpy(&bits, from, sizeof(bits));
    const Vec<Bits> all = bits - Vec<Bits>{};
    Vec<T> v;
    __builtin_memcpy(&v, &all, sizeof(v));
    return v;
#else
    return broadcast(*from);
#endif
}

// Keeps a value in its register: the compiler would rather load it again for each of its uses,
// twice over where it straddles cache lines.
template <typename V>
HOTCOLD_INLINE void hold(V& value) {
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HOTCOLD_AVX512_AS_LOOPS)
    asm("" : "+v"(value));
#else
    static_cast<void>(value);
#endif
}

// 0, 1, ... n - 1 as template arguments, for steps that must be unrolled for certain.
template <std::size_t... I>
struct Steps {};
template <std::size_t n, std::size_t... I>
struct StepsTo : StepsTo<n - 1, n - 1, I...> {};
template <std::size_t... I>
struct StepsTo<0, I...> {
    using type = Steps<I...>;
};
template <std::size_t n>
using steps_to = typename StepsTo<n>::type;

}  // namespace hotcold::HOTCOLD_LEVEL
