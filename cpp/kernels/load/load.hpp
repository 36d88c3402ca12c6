// Reading and storing items: the only kernel that knows element types and strides. Everything in
// between works on contiguous planes of float or double in scratch memory.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// Rows of one item that one task handles; depends on the row length alone, so that work is split at
// the same places whatever the number of threads.
std::size_t rows_per_block(std::size_t columns);

// Channel `channel` of `item` as shape.plane() contiguous elements at `out`. Returns the number of
// NaN and infinities; they are stored as 0.
template <typename T>
std::size_t load_channel(const SourceView& source, std::size_t item, std::size_t channel, T* out,
                         const Team& team);

// Whether `count` adjacent values hold neither NaN nor infinity.
template <typename T>
bool all_finite(const T* values, std::size_t count, const Team& team);

// Writes a contiguous plane to channel `channel` of `item`.
template <typename T>
void store_channel(const T* plane, const BatchView<T>& out, std::size_t item, std::size_t channel,
                   const Team& team);

// Writes a contiguous run of elements, `stride` elements apart.
template <typename T>
void store_run(const T* from, std::size_t count, T* to, std::ptrdiff_t stride) {
    for (std::size_t i = 0; i < count; ++i) to[static_cast<std::ptrdiff_t>(i) * stride] = from[i];
}

}  // namespace hotcold
