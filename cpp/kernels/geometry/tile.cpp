// Every element of the sheet is written once: cells by their items, the rest by the fill. Pixels
// that lie in the source as in the sheet are copied a row at a time.
#include "kernels/geometry/tile.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

// Elements are moved, never computed with, so the size is all that matters of the type.
template <typename Word>
class Sheet {
  public:
    Sheet(const SourceView& source, const Grid& grid, const void* fill, void* out)
        : source_(source), grid_(grid), out_(static_cast<Word*>(out)) {
        std::memcpy(&fill_, fill, sizeof(Word));
    }

    void write() {
        const Shape& shape = source_.shape;
        const std::size_t height = grid_.height(shape.rows);
        const std::size_t cell_height = shape.rows + grid_.padding;
        for (std::size_t y = 0; y < height; ++y) write_row(y / cell_height, y % cell_height, y);
    }

  private:
    std::size_t width() const {
        return grid_.width(source_.shape.columns) * source_.shape.channels;
    }

    // Row y of the sheet: row `line` of the cells in grid row `grid_row`, or padding below them.
    void write_row(std::size_t grid_row, std::size_t line, std::size_t y) {
        const Shape& shape = source_.shape;
        Word* const begin = out_ + y * width();
        Word* const end = begin + width();
        Word* at = begin;
        const std::size_t padding = grid_.padding * shape.channels;
        for (std::size_t column = 0; column < grid_.columns; ++column) {
            const std::size_t item = grid_row * grid_.columns + column;
            if (line >= shape.rows || item >= shape.items) break;
            if (column > 0) at = std::fill_n(at, padding, fill_);
            copy_pixels(item, line, at);
            written(shape.columns * shape.channels);
            at += shape.columns * shape.channels;
        }
        std::fill(at, end, fill_);
        written(static_cast<std::size_t>(end - at));
    }

    // A large sheet can be ended on the way.
    void written(std::size_t elements) {
        constexpr std::size_t kAtOnce = std::size_t{1} << 20;
        written_ += elements;
        if (written_ < kAtOnce) return;
        written_ = 0;
        check_interrupt();
    }

    void copy_pixels(std::size_t item, std::size_t line, Word* to) const {
        const Shape& shape = source_.shape;
        const auto channels = static_cast<std::ptrdiff_t>(shape.channels);
        const Word* from = static_cast<const Word*>(source_.at(item, 0, line));
        if (source_.strides.column == channels && (channels == 1 || source_.strides.channel == 1)) {
            std::memcpy(to, from, shape.columns * shape.channels * sizeof(Word));
        } else if (channels == 3 && source_.strides.column == 1) {
            interleave<3>(from, to);
        } else {
            for (std::size_t c = 0; c < shape.channels; ++c) {
                const Word* plane = from + static_cast<std::ptrdiff_t>(c) * source_.strides.channel;
                for (std::size_t x = 0; x < shape.columns; ++x) {
                    to[x * shape.channels + c] =
                        plane[static_cast<std::ptrdiff_t>(x) * source_.strides.column];
                }
            }
        }
    }

    // Adjacent rows of a few planes to pixels, the channel count known to the compiler.
    template <std::ptrdiff_t channels>
    void interleave(const Word* from, Word* to) const {
        const std::ptrdiff_t step = source_.strides.channel;
        for (std::size_t x = 0; x < source_.shape.columns; ++x) {
            for (std::ptrdiff_t c = 0; c < channels; ++c) *to++ = from[c * step];
            ++from;
        }
    }

    const SourceView& source_;
    const Grid& grid_;
    Word* out_;
    Word fill_;
    std::size_t written_ = 0;  // since written() looked
};

}  // namespace

void tile(const SourceView& source, const Grid& grid, const void* fill, void* out) {
    assert(grid.rows * grid.columns >= source.shape.items);
    switch (source.item_size) {
        case 1:
            return Sheet<std::uint8_t>(source, grid, fill, out).write();
        case 2:
            return Sheet<std::uint16_t>(source, grid, fill, out).write();
        case 4:
            return Sheet<std::uint32_t>(source, grid, fill, out).write();
        default:
            return Sheet<std::uint64_t>(source, grid, fill, out).write();
    }
}

}  // namespace hotcold
