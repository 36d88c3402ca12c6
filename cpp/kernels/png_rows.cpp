#include "kernels/png_rows.hpp"

#include <algorithm>

#include "kernels/png_filter.simd.hpp"

namespace hotcold {
namespace {

enum FilterType : std::uint8_t { kSub = 1, kPaeth = 4 };

// Bytes [first, last) of one row. Left of the first pixel and above the first row lie zeros, which
// make Paeth's predictor the byte above, and the byte to the left, respectively.
void filter_part(const PngFilterOps& ops, const PngImage& image, std::size_t y, std::size_t first,
                 std::size_t last, std::uint8_t* out) {
    const std::size_t pixel = image.channels;
    const std::uint8_t* row = image.data + static_cast<std::ptrdiff_t>(y) * image.row_stride;
    const std::uint8_t* above = row - (y > 0 ? image.row_stride : 0);
    for (; first < pixel && first < last; ++first) {
        *out++ = static_cast<std::uint8_t>(row[first] - (y > 0 ? above[first] : 0));
    }
    if (first == last) return;
    if (y > 0) {
        ops.paeth(row + first, above + first, pixel, last - first, out);
    } else {
        ops.subtract(row + first, row + first - pixel, last - first, out);
    }
}

}  // namespace

void filter_rows(const PngImage& image, std::size_t begin, std::size_t count, std::uint8_t* out) {
    const PngFilterOps& ops = HOTCOLD_SELECT(png_filter);
    const std::size_t row_bytes = image.width * image.channels;
    std::size_t y = begin / (row_bytes + 1);
    std::size_t place = begin % (row_bytes + 1);
    while (count > 0) {
        if (place == 0) {
            *out++ = y > 0 ? kPaeth : kSub;
            ++place;
            --count;
        }
        const std::size_t first = place - 1;
        const std::size_t last = std::min(row_bytes, first + count);
        filter_part(ops, image, y, first, last, out);
        out += last - first;
        count -= last - first;
        place = 0;
        ++y;
    }
}

}  // namespace hotcold
