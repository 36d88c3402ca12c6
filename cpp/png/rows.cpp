#include "png/rows.hpp"

#include <algorithm>

#include "png/filter.ops.hpp"

namespace hotcold {
namespace {

// The part of a row that its filter is judged by.
constexpr std::size_t kJudgedBytes = 65536;

// Rows by number, with their filter. Above the first row lie zeros; it is filtered by what is to
// the left, which needs no such row to be made.
class Rows {
  public:
    Rows(const PngImage& image, Compression compression)
        : ops_(HOTCOLD_SELECT(png_filter)),
          image_(image),
          bytes_(image.width * image.channels),
          judged_(compression != Compression::kFast),
          choose_(compression == Compression::kSmall ? ops_.choose_of_all : ops_.choose) {}

    std::size_t bytes() const { return bytes_; }

    // A row that a caller's range cuts is judged once for each part.
    FilterType type(std::size_t y) const {
        if (y == 0) return FilterType::kSub;
        if (!judged_) return FilterType::kPaeth;
        return choose_(part(y, pixel(), std::min(bytes_, pixel() + kJudgedBytes)), nullptr);
    }

    // A whole row, at most kJudgedBytes: its type, then its residuals. Returns their end.
    std::uint8_t* write(std::size_t y, std::uint8_t* out) const {
        if (y == 0 || !judged_) {
            const FilterType type = this->type(y);
            *out++ = static_cast<std::uint8_t>(type);
            write(y, type, 0, bytes_, out);
            return out + bytes_;
        }
        const FilterType type = choose_(part(y, pixel(), bytes_), out + 1 + pixel());
        *out++ = static_cast<std::uint8_t>(type);
        write(y, type, 0, type == FilterType::kPaeth ? pixel() : bytes_, out);
        return out + bytes_;
    }

    // Residuals of bytes [first, last) of row y. Left of the first pixel lie zeros.
    void write(std::size_t y, FilterType type, std::size_t first, std::size_t last,
               std::uint8_t* out) const {
        for (; first < pixel() && first < last; ++first) *out++ = at_the_left(y, type, first);
        if (first < last) ops_.filter(type, part(y, first, last), out);
    }

  private:
    std::size_t pixel() const { return image_.channels; }

    const std::uint8_t* row(std::size_t y) const {
        return image_.data + static_cast<std::ptrdiff_t>(y) * image_.row_stride;
    }

    FilterRow part(std::size_t y, std::size_t first, std::size_t last) const {
        const std::uint8_t* above = y == 0 ? row(0) : row(y - 1);
        return {row(y) + first, above + first, pixel(), last > first ? last - first : 0};
    }

    std::uint8_t at_the_left(std::size_t y, FilterType type, std::size_t i) const {
        const std::uint8_t above = y == 0 ? std::uint8_t{0} : row(y - 1)[i];
        int predicted = 0;
        if (type == FilterType::kUp || type == FilterType::kPaeth) predicted = above;
        if (type == FilterType::kAverage) predicted = above / 2;
        return static_cast<std::uint8_t>(row(y)[i] - predicted);
    }

    const PngFilterOps& ops_;
    const PngImage& image_;
    std::size_t bytes_;
    bool judged_;
    FilterType (*choose_)(const FilterRow& row, std::uint8_t* paeth);
};

}  // namespace

void filter_rows(const PngImage& image, Compression compression, std::size_t begin,
                 std::size_t count, std::uint8_t* out) {
    const Rows rows(image, compression);
    std::size_t y = begin / (rows.bytes() + 1);
    std::size_t place = begin % (rows.bytes() + 1);
    while (count > 0) {
        if (place == 0 && count > rows.bytes() && rows.bytes() <= kJudgedBytes) {
            out = rows.write(y++, out);
            count -= rows.bytes() + 1;
            continue;
        }
        // Where the caller's range cuts a row, its type is found anew from the whole row.
        const FilterType type = rows.type(y);
        if (place == 0) {
            *out++ = static_cast<std::uint8_t>(type);
            ++place;
            --count;
        }
        const std::size_t first = place - 1;
        const std::size_t last = std::min(rows.bytes(), first + count);
        rows.write(y, type, first, last, out);
        out += last - first;
        count -= last - first;
        place = 0;
        ++y;
    }
}

}  // namespace hotcold
