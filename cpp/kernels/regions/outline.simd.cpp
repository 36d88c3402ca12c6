#include "kernels/regions/outline.ops.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// 255 where pixel (row, column) and its neighbours are.
inline std::uint8_t inner_at(const std::uint8_t* from, std::size_t rows, std::size_t columns,
                             std::size_t row, std::size_t column) {
    const std::uint8_t* const here = from + row * columns + column;
    unsigned all = *here;
    if (row > 0) all &= *(here - columns);
    if (row + 1 < rows) all &= here[columns];
    if (column > 0) all &= *(here - 1);
    if (column + 1 < columns) all &= here[1];
    return static_cast<std::uint8_t>(all);
}

// Calls store(at, inner_at(...)) for every pixel. Rows but the first and the last as one long row,
// so that its vectors are whole whatever the width; then the ends of each, whose neighbours on one
// side were another row's.
template <typename F>
void for_pixels(const std::uint8_t* from, std::size_t rows, std::size_t columns, const F& store) {
    const std::size_t last = (rows - 1) * columns;
    for (std::size_t at = columns; at < last; ++at) {
        const int all =
            from[at] & from[at - columns] & from[at + columns] & from[at - 1] & from[at + 1];
        store(at, static_cast<std::uint8_t>(all));
    }
    const auto put = [&](std::size_t row, std::size_t column) {
        store(row * columns + column, inner_at(from, rows, columns, row, column));
    };
    for (std::size_t row = 1; row + 1 < rows; ++row) {
        put(row, 0);
        put(row, columns - 1);
    }
    for (std::size_t column = 0; column < columns; ++column) put(0, column);
    for (std::size_t column = 0; column < columns; ++column) put(rows - 1, column);
}

void erode(const std::uint8_t* from, std::size_t rows, std::size_t columns,
           std::uint8_t* __restrict to) {
    for_pixels(from, rows, columns, [to](std::size_t at, std::uint8_t inner) { to[at] = inner; });
}

void rim(const std::uint8_t* inside, const std::uint8_t* from, std::size_t rows,
         std::size_t columns, std::uint8_t* __restrict lines) {
    for_pixels(from, rows, columns, [=](std::size_t at, std::uint8_t inner) {
        lines[at] = static_cast<std::uint8_t>(inside[at] & ~inner & 1);
    });
}

}  // namespace

const OutlineOps outline_bytes = {erode, rim};

}  // namespace hotcold::HOTCOLD_LEVEL
