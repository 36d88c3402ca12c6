// What the other axis adds to pixels made from nodes (AcrossNodes): a part of nodes.simd.cpp, which
// alone includes it.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "kernels/blur/coarse/nodes.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Lane i of the result is from[lane[i]], every lane[i] < lanes.
template <typename T>
struct Picker {
    std::int32_t lane[kLanes<T>];
    HOTCOLD_INLINE explicit Picker(const std::int32_t* lanes) {
        for (std::size_t i = 0; i < kLanes<T>; ++i) lane[i] = lanes[i];
    }
    HOTCOLD_INLINE Vec<T> pick(const T* from) const {
        Vec<T> v;
        for (std::size_t i = 0; i < kLanes<T>; ++i) v[i] = from[lane[i]];
        return v;
    }
};

#if defined(__AVX512F__)
template <>
struct Picker<float> {
    __m512i lane;
    HOTCOLD_INLINE explicit Picker(const std::int32_t* lanes) : lane(_mm512_loadu_si512(lanes)) {}
    HOTCOLD_INLINE Vec<float> pick(const float* from) const {
        // With a mask of ones: the plain form reads an undefined register, of which GCC 12 warns.
        return _mm512_maskz_permutexvar_ps(0xffff, lane, _mm512_loadu_ps(from));
    }
};
#elif defined(__AVX2__)
template <>
struct Picker<float> {
    __m256i lane;
    HOTCOLD_INLINE explicit Picker(const std::int32_t* lanes)
        : lane(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(lanes))) {}
    HOTCOLD_INLINE Vec<float> pick(const float* from) const {
        return _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), lane);
    }
};
#endif

// Nothing from the other axis, or nothing any more.
template <typename T>
struct NoneAcross {
    HOTCOLD_INLINE Vec<T> begin(const T*) const { return broadcast(T{0}); }
    HOTCOLD_INLINE void add(Vec<T>&, std::size_t) const {}
};

template <typename T>
struct WrittenAcross {
    HOTCOLD_INLINE Vec<T> begin(const T* to) const { return load(to); }
    HOTCOLD_INLINE void add(Vec<T>&, std::size_t) const {}
};

template <typename T>
struct AddAcross {
    static constexpr std::size_t kWidth = AcrossNodes<T>::kPicked;
    const T* nodes;
    std::ptrdiff_t pitch;
    Picker<T> picker;
    Vec<T> weights[kWidth];

    HOTCOLD_INLINE AddAcross(const AcrossNodes<T>& across, std::size_t vector)
        : nodes(across.nodes + across.first[vector]),
          pitch(across.pitch),
          picker(across.lane + vector * kLanes<T>) {
        for (std::size_t i = 0; i < kWidth; ++i) {
            weights[i] = load(across.weights + (vector * kWidth + i) * kLanes<T>);
        }
    }
    HOTCOLD_INLINE Vec<T> begin(const T*) const { return broadcast(T{0}); }
    HOTCOLD_INLINE void add(Vec<T>& sum, std::size_t y) const {
        const T* row = nodes + static_cast<std::ptrdiff_t>(y) * pitch;
        sum = sum + weights[0] * picker.pick(row);
        sum = sum + weights[1] * picker.pick(row + 1);
        sum = sum + weights[2] * picker.pick(row + 2);
    }
};

template <typename Across, std::size_t vectors>
struct AcrossAll {
    Across at[vectors];
};

template <std::size_t width, typename T>
struct LaneWeights {
    Vec<T> at[width];
    const T* nodes;  // of the row at hand

    template <std::size_t... I>
    HOTCOLD_INLINE LaneWeights(const AcrossNodes<T>& across, std::size_t vector, Steps<I...>)
        : at{load(across.weights + (vector * width + I) * kLanes<T>)...},
          nodes(across.nodes + across.first[vector]) {}

    template <std::size_t... I>
    HOTCOLD_INLINE Vec<T> sum(std::ptrdiff_t row, Steps<I...>) const {
        Vec<T> sum = broadcast(T{0});
        ((sum = sum + at[I] * broadcast(nodes[row + static_cast<std::ptrdiff_t>(I)])), ...);
        return sum;
    }
};

// Writes what the other axis gives to `rows` rows of vectors that lie side by side.
template <std::size_t width, typename T, std::size_t... V>
void write_nodes(const AcrossNodes<T>& across, std::size_t first, std::size_t rows,
                 const VectorRows<T>& to, Steps<V...>) {
    const steps_to<width> each;
    const LaneWeights<width, T> weights[] = {LaneWeights<width, T>(across, first + V, each)...};
    T* row = to.data;
    for (std::size_t y = 0; y < rows; ++y, row += to.row) {
        const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(y) * across.pitch;
        (store(row + static_cast<std::ptrdiff_t>(V) * to.vector, weights[V].sum(place, each)), ...);
    }
}

template <std::size_t vectors, typename T>
void write_across(const AcrossNodes<T>& across, std::size_t first, std::size_t rows,
                  const VectorRows<T>& to) {
    const steps_to<vectors> each;
    switch (across.width) {
        case 3:
            return write_nodes<3>(across, first, rows, to, each);
        case 4:
            return write_nodes<4>(across, first, rows, to, each);
        case 5:
            return write_nodes<5>(across, first, rows, to, each);
        case 6:
            return write_nodes<6>(across, first, rows, to, each);
        default:
            return write_nodes<kMaxAcross>(across, first, rows, to, each);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
