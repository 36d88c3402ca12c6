// The picture encoder: 8-bit pixels in, the bytes of a PNG file out (W3C "Portable Network Graphics
// (PNG) Specification", second edition).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "png/deflate/deflate.hpp"

namespace hotcold {

// A picture to read: rows of width * channels bytes, each row's bytes adjacent.
struct PngImage {
    const std::uint8_t* data = nullptr;
    std::ptrdiff_t row_stride = 0;  // bytes; may be negative or zero
    std::size_t width = 0;          // 1 to 2^31 - 1, as is the height
    std::size_t height = 0;
    std::size_t channels = 3;  // 1 grey or palette indices, 3 RGB, 4 RGBA
    // RGB triples. One channel: what the indices mean, 1 to 256 entries, every index below
    // palette_entries. Three channels: the colours to expect, up to kMaxExpectedColors; when every
    // pixel is one of them and at most 256 are used, the file is a palette picture with the used
    // ones in this order (neighbours in the list should look alike: the indices compress by it).
    // Otherwise null.
    const std::uint8_t* palette = nullptr;
    std::size_t palette_entries = 0;
};

constexpr std::size_t kMaxExpectedColors = 65536;

// A text chunk. `keyword`: 1 to 79 printable ASCII characters, no space at either end or doubled.
// `text`: UTF-8 without NUL.
struct PngText {
    std::string keyword;
    std::string text;
    bool international = false;  // an iTXt chunk though ASCII is enough: readers look for its type
};

// What encode_png() may need at `out`.
std::size_t png_bound(const PngImage& image, const std::vector<PngText>& texts);

// Writes the file and returns its length. The bytes do not depend on n_threads. Rows are filtered
// and compressed in bands of at most 256 KiB, each an IDAT chunk; one band's scratch (about 400 KiB
// a thread) is all the memory taken, and width * height bytes or twice that with expected colours.
std::size_t encode_png(const PngImage& image, const std::vector<PngText>& texts,
                       Compression compression, std::uint8_t* out, int n_threads);

}  // namespace hotcold
