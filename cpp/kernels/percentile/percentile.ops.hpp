// Per-level functions of percentile.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

// What partition() found: how many values are <= low, how many lie strictly between the bounds, and
// whether all are finite (the numbers mean nothing otherwise).
struct Partition {
    std::size_t at_most_low;
    std::size_t between;
    bool finite;
};

// How many values are below a number, and at or below it, and whether all are finite (the numbers
// mean nothing otherwise).
struct Around {
    std::size_t below;
    std::size_t at_most;
    bool finite;
};

// A mask, values[i] > limit ? 1 : masked, that a first pass over the values writes before the limit
// is known but for the bounds low <= limit, and limit < high unless it is low: all but blocks in
// which values lie between them.
template <typename T>
struct EarlyMask {
    static constexpr std::size_t kLeastBlock = 16;

    T masked;
    T* out;
    std::uint32_t*
        open;  // numbers of the blocks that were left, room for one in kLeastBlock values

    std::size_t block = kLeastBlock;  // values of a block
    std::size_t done = 0;             // values of all blocks, the rest is left too
    std::size_t n_open = 0;
    T low = 0;
    T high = 0;
};

template <typename T>
struct PercentileOps {
    // out[i] = values[i] > limit ? 1 : masked; out may be values.
    void (*mask_above)(const T* values, std::size_t count, T limit, T masked, T* out);
    // Appends the values with low < value < high to `between`, which has room for `count` and may
    // be `values` itself; other elements of it are left undefined. `mask`, where it is not null, is
    // written on the way.
    Partition (*partition)(const T* values, std::size_t count, T low, T high, T* between,
                           EarlyMask<T>* mask);
    // The element of the given rank (0: the smallest), or one at most `slack` ranks away, found by
    // counting what is at or below a guess. Guesses that leave over three quarters alternate with
    // halves of the interval of number representations: twice as many passes as the type has bits
    // at most, whatever the values, and 5 to 10 where they are spread evenly or tied. Any number if
    // some are not finite.
    T (*select_by_counting)(const T* values, std::size_t count, std::size_t rank,
                            std::size_t slack);
    std::size_t (*count_at_most)(const T* values, std::size_t count, T limit);
    Around (*count_around)(const T* values, std::size_t count, T value, EarlyMask<T>* mask);
    // The smallest value above `limit`, or `none`, which is above every value.
    T (*smallest_above)(const T* values, std::size_t count, T limit, T none);
};

#define HOTCOLD_DECLARE(level)                       \
    namespace level {                                \
    extern const PercentileOps<float> percentile_f;  \
    extern const PercentileOps<double> percentile_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
