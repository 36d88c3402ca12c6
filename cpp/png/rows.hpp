// A picture's filtered rows as one stream of bytes: per row a filter type, then width * channels
// differences.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/png.hpp"

namespace hotcold {

// Writes bytes [begin, begin + count) of the stream.
void filter_rows(const PngImage& image, std::size_t begin, std::size_t count, std::uint8_t* out);

}  // namespace hotcold
