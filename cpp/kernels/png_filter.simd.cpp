// Encoding needs no result of its own neighbours, so every byte of a row is filtered independently:
// plain loops in 8-bit arithmetic that the compiler vectorises.
#include "kernels/png_filter.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

inline std::uint8_t distance(std::uint8_t x, std::uint8_t y) {
    return static_cast<std::uint8_t>(x > y ? x - y : y - x);
}

// The Paeth predictor of left a, above b, above left c: whichever is nearest to p = a + b - c, a
// before b before c. With pa = |p - a| = |b - c| and pb = |p - b| = |a - c|, the third distance
// pc = |(a - c) + (b - c)| is pa + pb where a and b lie on one side of c (never the smallest, so
// any large number does) and |pa - pb| where c lies between: all of it fits 8 bits.
void paeth(const std::uint8_t* row, const std::uint8_t* above, std::size_t pixel, std::size_t count,
           std::uint8_t* out) {
    const std::uint8_t* left = row - pixel;
    const std::uint8_t* above_left = above - pixel;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t a = left[i];
        const std::uint8_t b = above[i];
        const std::uint8_t c = above_left[i];
        const std::uint8_t low = a < b ? a : b;
        const std::uint8_t high = a < b ? b : a;
        const std::uint8_t pa = distance(b, c);
        const std::uint8_t pb = distance(a, c);
        const std::uint8_t inner = distance(pa, pb);
        const std::uint8_t outer = c < low || c > high ? std::uint8_t{255} : std::uint8_t{0};
        const std::uint8_t pc = static_cast<std::uint8_t>(inner | outer);
        const std::uint8_t b_or_c = pb <= pc ? b : c;
        const std::uint8_t nearer = pb < pc ? pb : pc;
        out[i] = static_cast<std::uint8_t>(row[i] - (pa <= nearer ? a : b_or_c));
    }
}

void subtract(const std::uint8_t* row, const std::uint8_t* before, std::size_t count,
              std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(row[i] - before[i]);
}

}  // namespace

const PngFilterOps png_filter = {paeth, subtract};

}  // namespace hotcold::HOTCOLD_LEVEL
