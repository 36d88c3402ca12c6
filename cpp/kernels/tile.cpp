#include "kernels/tile.hpp"

#include <cassert>
#include <cstring>

namespace hotcold {
namespace {

// Elements are moved, never computed with, so the size is all that matters of the type.
template <typename Word>
void tile_words(const SourceView& source, const Grid& grid, const void* fill, void* out) {
    const Shape& shape = source.shape;
    const std::size_t channels = shape.channels;
    const std::size_t width = grid.width(shape.columns) * channels;
    Word* const target = static_cast<Word*>(out);
    Word fill_word;
    std::memcpy(&fill_word, fill, sizeof(Word));
    const std::size_t total = grid.height(shape.rows) * width;
    for (std::size_t i = 0; i < total; ++i) target[i] = fill_word;
    for (std::size_t item = 0; item < shape.items; ++item) {
        const std::size_t top = item / grid.columns * (shape.rows + grid.padding);
        const std::size_t left = item % grid.columns * (shape.columns + grid.padding);
        for (std::size_t y = 0; y < shape.rows; ++y) {
            Word* row = target + (top + y) * width + left * channels;
            for (std::size_t c = 0; c < channels; ++c) {
                const Word* from = static_cast<const Word*>(source.at(item, c, y));
                for (std::size_t x = 0; x < shape.columns; ++x) {
                    row[x * channels + c] =
                        from[static_cast<std::ptrdiff_t>(x) * source.strides.column];
                }
            }
        }
    }
}

}  // namespace

void tile(const SourceView& source, const Grid& grid, const void* fill, void* out) {
    assert(grid.rows * grid.columns >= source.shape.items);
    switch (source.item_size) {
        case 1:
            return tile_words<std::uint8_t>(source, grid, fill, out);
        case 2:
            return tile_words<std::uint16_t>(source, grid, fill, out);
        case 4:
            return tile_words<std::uint32_t>(source, grid, fill, out);
        default:
            return tile_words<std::uint64_t>(source, grid, fill, out);
    }
}

}  // namespace hotcold
