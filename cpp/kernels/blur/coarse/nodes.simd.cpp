// Both directions walk the cells in order with the `width` nodes of the present cell in registers:
// entering a cell, the oldest node leaves and the next one takes its register. Every weight is used
// exactly once a vector, every pixel and node is loaded and stored once.
#include "kernels/blur/across-inl.hpp"
#include "kernels/blur/coarse/nodes.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Vectors side by side: they share the broadcast of each weight. 7 nodes of 3 vectors are 21
// registers; 7 nodes of 2 vectors are one more than 16 have room for, but the steps from cell to
// cell are halved, which counts for more.
constexpr std::size_t kGroup = kVectorRegisters >= 32 ? 3 : 2;

// With registers to spare, what comes from the other axis is added on the way; else it is written
// first and the nodes' part is added to it.
constexpr bool kPicks = kVectorRegisters >= 32;

// --- pixels to nodes -----------------------------------------------------------------------------

template <typename T, std::size_t width, std::size_t vectors>
struct Nodes {
    Vec<T> at[width][vectors];  // node c + i of cell c sits at (c + i) mod width
};

template <typename T, std::size_t vectors>
struct Pixel {
    Vec<T> at[vectors];
};

template <typename T, std::size_t vectors, std::size_t... V>
HOTCOLD_INLINE void add_weighted(Vec<T> (&sum)[vectors], const Vec<T> (&value)[vectors], T weight,
                                 Steps<V...>) {
    const Vec<T> scale = broadcast(weight);
    ((sum[V] = sum[V] + scale * value[V]), ...);
}

template <std::size_t phase, typename T, std::size_t width, std::size_t vectors, std::size_t... I,
          std::size_t... V>
HOTCOLD_INLINE void add_pixel(Nodes<T, width, vectors>& nodes, const T* weights, const T* from,
                              std::ptrdiff_t step, Steps<I...>, Steps<V...> each) {
    Pixel<T, vectors> pixel;
    ((pixel.at[V] = load(from + static_cast<std::ptrdiff_t>(V) * step)), ...);
    (add_weighted<T>(nodes.at[(phase + I) % width], pixel.at, weights[I], each), ...);
}

// Adds to what a node has got so far and starts it over.
template <typename T, std::size_t vectors, std::size_t... V>
HOTCOLD_INLINE void add_to(Vec<T> (&node)[vectors], T* to, std::ptrdiff_t step, Steps<V...>) {
    (store(to + static_cast<std::ptrdiff_t>(V) * step,
           load(to + static_cast<std::ptrdiff_t>(V) * step) + node[V]),
     ...);
    ((node[V] = broadcast(T{0})), ...);
}

template <typename T, std::size_t vectors, std::size_t... V>
HOTCOLD_INLINE void put(Vec<T> (&node)[vectors], T* to, std::ptrdiff_t step, Steps<V...>) {
    (store(to + static_cast<std::ptrdiff_t>(V) * step, node[V]), ...);
    ((node[V] = broadcast(T{0})), ...);
}

// Pixels that are added up without a second thought. A node of more than that, from long cells, is
// summed in parts: a float sum of thousands of like terms drifts by 1e-5.
constexpr std::size_t kPart = 64;

template <typename T, std::size_t width, std::size_t vectors>
struct Spreading {
    Nodes<T, width, vectors> nodes;
    NodeWeights<T> grid;
    VectorRows<const T> from;
    VectorRows<T> to;
    bool in_parts;
};

// Pixels y to end of a cell.
template <std::size_t phase, typename T, std::size_t width, std::size_t vectors>
HOTCOLD_INLINE void spread_pixels(Spreading<T, width, vectors>& g, std::size_t y, std::size_t end) {
    const T* weights = g.grid.weights + y * width;
    const T* row = g.from.data + static_cast<std::ptrdiff_t>(y) * g.from.row;
    for (; y < end; ++y, weights += width, row += g.from.row) {
        add_pixel<phase>(g.nodes, weights, row, g.from.vector, steps_to<width>{},
                         steps_to<vectors>{});
    }
}

template <std::size_t phase, typename T, std::size_t width, std::size_t vectors, std::size_t... I>
HOTCOLD_INLINE void add_part(Spreading<T, width, vectors>& g, T* to, Steps<I...>) {
    (add_to<T>(g.nodes.at[(phase + I) % width], to + static_cast<std::ptrdiff_t>(I) * g.to.row,
               g.to.vector, steps_to<vectors>{}),
     ...);
}

// The pixels of cell `cell`, after which its first node is complete. False past the last node.
template <std::size_t phase, typename T, std::size_t width, std::size_t vectors>
HOTCOLD_INLINE bool spread_cell(Spreading<T, width, vectors>& g, std::size_t cell) {
    if (cell >= g.grid.cells + width - 1) return false;
    T* to = g.to.data + static_cast<std::ptrdiff_t>(cell) * g.to.row;
    if (cell < g.grid.cells) {
        std::size_t y = g.grid.cell_begin[cell];
        const std::size_t end = g.grid.cell_begin[cell + 1];
        for (; g.in_parts && y + kPart < end; y += kPart) {
            spread_pixels<phase>(g, y, y + kPart);
            add_part<phase>(g, to, steps_to<width>{});
        }
        spread_pixels<phase>(g, y, end);
    }
    if (g.in_parts) {
        add_to<T>(g.nodes.at[phase], to, g.to.vector, steps_to<vectors>{});
    } else {
        put<T>(g.nodes.at[phase], to, g.to.vector, steps_to<vectors>{});
    }
    return true;
}

template <std::size_t width, std::size_t vectors, typename T, std::size_t... S>
void spread(const NodeWeights<T>& grid, const VectorRows<const T>& from, const VectorRows<T>& to,
            Steps<S...>) {
    Spreading<T, width, vectors> g = {{}, grid, from, to, grid.longest_cell > kPart};
    if (g.in_parts) {
        for (std::size_t node = 0; node < grid.cells + width - 1; ++node) {
            for (std::size_t v = 0; v < vectors; ++v) {
                store(to.data + static_cast<std::ptrdiff_t>(node) * to.row +
                          static_cast<std::ptrdiff_t>(v) * to.vector,
                      broadcast(T{0}));
            }
        }
    }
    std::size_t cell = 0;
    while ((spread_cell<S>(g, cell + S) && ...)) cell += width;
}

template <std::size_t vectors, typename T>
void spread_width(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                  const VectorRows<T>& to) {
    if (grid.width == 7) {
        spread<7, vectors>(grid, from, to, steps_to<7>{});
    } else if (grid.width == 5) {
        spread<5, vectors>(grid, from, to, steps_to<5>{});
    } else {
        spread<3, vectors>(grid, from, to, steps_to<3>{});
    }
}

template <typename T>
void spread_all(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                const VectorRows<T>& to, std::size_t vectors) {
    VectorRows<const T> source = from;
    VectorRows<T> target = to;
    while (vectors > 0) {
        std::size_t done = 1;
        if (kGroup == 3 && vectors >= 3) {
            spread_width<kGroup>(grid, source, target);
            done = 3;
        } else if (vectors >= 2) {
            spread_width<2>(grid, source, target);
            done = 2;
        } else {
            spread_width<1>(grid, source, target);
        }
        source.data += static_cast<std::ptrdiff_t>(done) * source.vector;
        target.data += static_cast<std::ptrdiff_t>(done) * target.vector;
        vectors -= done;
    }
}

// --- nodes to pixels -----------------------------------------------------------------------------

template <std::size_t phase, typename Across, typename T, std::size_t width, std::size_t vectors,
          std::size_t... I, std::size_t... V>
HOTCOLD_INLINE void make_pixel(const Nodes<T, width, vectors>& nodes, const T* weights, T* to,
                               std::ptrdiff_t step, const AcrossAll<Across, vectors>& across,
                               std::size_t y, Steps<I...>, Steps<V...> each) {
    Vec<T> sum[vectors];
    ((sum[V] = across.at[V].begin(to + static_cast<std::ptrdiff_t>(V) * step)), ...);
    (add_weighted<T>(sum, nodes.at[(phase + I) % width], weights[I], each), ...);
    (across.at[V].add(sum[V], y), ...);
    (store(to + static_cast<std::ptrdiff_t>(V) * step, sum[V]), ...);
}

template <std::size_t phase, typename Across, typename T, std::size_t width, std::size_t vectors,
          std::size_t... V>
HOTCOLD_INLINE bool interpolate_cell(Nodes<T, width, vectors>& nodes, const NodeWeights<T>& grid,
                                     std::size_t cell, const VectorRows<const T>& from,
                                     const VectorRows<T>& to,
                                     const AcrossAll<Across, vectors>& across, Steps<V...> each) {
    if (cell >= grid.cells) return false;
    const T* entering = from.data + static_cast<std::ptrdiff_t>(cell + width - 1) * from.row;
    ((nodes.at[(phase + width - 1) % width][V] =
          load(entering + static_cast<std::ptrdiff_t>(V) * from.vector)),
     ...);
    std::size_t y = grid.cell_begin[cell];
    const std::size_t end = grid.cell_begin[cell + 1];
    const T* weights = grid.weights + y * width;
    T* row = to.data + static_cast<std::ptrdiff_t>(y) * to.row;
    for (; y < end; ++y, weights += width, row += to.row) {
        make_pixel<phase>(nodes, weights, row, to.vector, across, y, steps_to<width>{}, each);
    }
    return true;
}

template <std::size_t width, std::size_t vectors, typename Across, typename T, std::size_t... S>
void interpolate(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                 const VectorRows<T>& to, const AcrossAll<Across, vectors>& across, Steps<S...>) {
    Nodes<T, width, vectors> nodes;
    for (std::size_t i = 0; i + 1 < width; ++i) {
        for (std::size_t v = 0; v < vectors; ++v) {
            nodes.at[i][v] = load(from.data + static_cast<std::ptrdiff_t>(i) * from.row +
                                  static_cast<std::ptrdiff_t>(v) * from.vector);
        }
    }
    std::size_t cell = 0;
    while ((interpolate_cell<S>(nodes, grid, cell + S, from, to, across, steps_to<vectors>{}) &&
            ...)) {
        cell += width;
    }
}

template <std::size_t vectors, typename T, std::size_t... V>
void interpolate_with(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                      const VectorRows<T>& to, const AcrossNodes<T>* across, std::size_t first,
                      Steps<V...>) {
    if (across != nullptr) {
        if constexpr (kPicks) {
            const AcrossAll<AddAcross<T>, vectors> added = {{AddAcross<T>(*across, first + V)...}};
            interpolate<7>(grid, from, to, added, steps_to<7>{});
        } else {
            write_across<vectors>(*across, first, grid.cell_begin[grid.cells], to);
            interpolate<7>(grid, from, to, AcrossAll<WrittenAcross<T>, vectors>{}, steps_to<7>{});
        }
    } else if (grid.width == 7) {
        interpolate<7>(grid, from, to, AcrossAll<NoneAcross<T>, vectors>{}, steps_to<7>{});
    } else if (grid.width == 5) {
        interpolate<5>(grid, from, to, AcrossAll<NoneAcross<T>, vectors>{}, steps_to<5>{});
    } else {
        interpolate<3>(grid, from, to, AcrossAll<NoneAcross<T>, vectors>{}, steps_to<3>{});
    }
}

template <typename T>
void interpolate_all(const NodeWeights<T>& grid, const VectorRows<const T>& from,
                     const VectorRows<T>& to, std::size_t vectors, const AcrossNodes<T>* across) {
    // The other axis needs four more registers a vector.
    const std::size_t most = across != nullptr ? 2 : kGroup;
    VectorRows<const T> source = from;
    VectorRows<T> target = to;
    for (std::size_t first = 0; first < vectors;) {
        const std::size_t left = vectors - first;
        const std::size_t done = left < most ? left : most;
        if (kGroup == 3 && done == 3) {
            interpolate_with<kGroup>(grid, source, target, across, first, steps_to<kGroup>{});
        } else if (done == 2) {
            interpolate_with<2>(grid, source, target, across, first, steps_to<2>{});
        } else {
            interpolate_with<1>(grid, source, target, across, first, steps_to<1>{});
        }
        source.data += static_cast<std::ptrdiff_t>(done) * source.vector;
        target.data += static_cast<std::ptrdiff_t>(done) * target.vector;
        first += done;
    }
}

// --- window weights ------------------------------------------------------------------------------

template <std::size_t... I>
HOTCOLD_INLINE void horner(double* values, const double* coefficients, std::size_t terms,
                           Steps<I...>) {
    constexpr std::size_t lanes = kLanes<double>;
    const Vec<double> y[] = {load(values + I * lanes)...};
    Vec<double> sum[] = {(static_cast<void>(I), broadcast(0.0))...};
    for (std::size_t k = terms; k-- > 0;) {
        const Vec<double> coefficient = broadcast(coefficients[k]);
        ((sum[I] = sum[I] * y[I] + coefficient), ...);
    }
    (store(values + I * lanes, sum[I]), ...);
}

void polynomial(double* values, std::size_t count, const double* coefficients, std::size_t terms) {
    constexpr std::size_t kVectors = 4;  // independent sums that hide the multiply-add's latency
    constexpr std::size_t step = kVectors * kLanes<double>;
    static_assert(kPolynomialStep % step == 0);
    for (std::size_t i = 0; i < count; i += step) {
        horner(values + i, coefficients, terms, steps_to<kVectors>{});
    }
}

}  // namespace

const NodeOps<float> nodes_f = {kLanes<float>,          kGroup,    kPicks, spread_all<float>,
                                interpolate_all<float>, polynomial};
const NodeOps<double> nodes_d = {kLanes<double>,          kGroup,    kPicks, spread_all<double>,
                                 interpolate_all<double>, polynomial};

}  // namespace hotcold::HOTCOLD_LEVEL
