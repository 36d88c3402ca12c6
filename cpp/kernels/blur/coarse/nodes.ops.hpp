// Per-level functions of coarse.hpp: between the pixels of an axis and the nodes of a coarser grid.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

// Weights that tie each pixel to its `width` nearest nodes (3, 5 or 7). A cell is the run of pixels
// that share their first node; the node after it is the first of the next cell. Nodes beyond both
// ends of the axis are counted too, so there are cells + width - 1 of them.
template <typename T>
struct NodeWeights {
    const T* weights;               // [pixel][width]
    const std::size_t* cell_begin;  // [cells + 1]
    std::size_t cells;
    std::size_t width;
    std::size_t longest_cell;  // in pixels
};

// Vectors side by side: vector v of row y starts at data + y * row + v * vector.
template <typename T>
struct VectorRows {
    T* data;
    std::ptrdiff_t row;
    std::ptrdiff_t vector;
};

// What the other axis adds to each pixel of a row: some nodes of the row's own times weights of the
// pixel's lane. Row y of the nodes starts at nodes + y * pitch. Where NodeOps::picks is set, each
// lane picks three nodes of its own, and `lanes` + 2 values past a vector's first node may be read;
// elsewhere each of `width` nodes goes to all lanes of a vector, most with a weight of 0.
template <typename T>
struct AcrossNodes {
    static constexpr std::size_t kPicked = 3;
    const T* nodes;
    std::ptrdiff_t pitch;
    std::size_t width;         // kPicked, or kPicked to kMaxAcross
    const std::size_t* first;  // [vector]: the first node of lane 0
    const std::int32_t* lane;  // [vector][lane]: the lane's first node, counted from `first`
    const T* weights;          // [vector][width][lane]
};

constexpr std::size_t kMaxAcross = 8;

// Replaces each of `count` numbers y by the sum over k < terms of coefficients[k] y^k. `values` has
// room for `count` rounded up to a multiple of kPolynomialStep.
constexpr std::size_t kPolynomialStep = 64;
using Polynomial = void (*)(double* values, std::size_t count, const double* coefficients,
                            std::size_t terms);

template <typename T>
struct NodeOps {
    std::size_t lanes;
    std::size_t group;  // vectors that the functions are quickest with
    bool picks;         // see AcrossNodes

    // Every node from its pixels: to[node] = sum of weight * from[pixel].
    void (*spread)(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                   const VectorRows<T>& to, std::size_t vectors);

    // Every pixel from its nodes, to[pixel] = sum of weight * from[node], plus `across` if not
    // null (then width is 7).
    void (*interpolate)(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                        const VectorRows<T>& to, std::size_t vectors, const AcrossNodes<T>* across);

    Polynomial polynomial;
};

#define HOTCOLD_DECLARE(level)            \
    namespace level {                     \
    extern const NodeOps<float> nodes_f;  \
    extern const NodeOps<double> nodes_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
