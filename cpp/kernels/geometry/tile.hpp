// Items copied onto a grid, row by row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/load/image_view.hpp"

namespace hotcold {

struct Grid {
    std::size_t rows = 1;
    std::size_t columns = 1;
    std::size_t padding = 0;  // pixels between cells, none around the outside

    std::size_t height(std::size_t item_rows) const {
        return rows * item_rows + (rows - 1) * padding;
    }
    std::size_t width(std::size_t item_columns) const {
        return columns * item_columns + (columns - 1) * padding;
    }
};

// Copies items of any element type into `out`, a contiguous (grid height, grid width, channels)
// array of the same element size, first filled with copies of the element at `fill`. The grid has a
// cell for each item.
void tile(const SourceView& source, const Grid& grid, const void* fill, void* out);

}  // namespace hotcold
