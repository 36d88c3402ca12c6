// The pixels of a TIFF file: TIFF 6.0, section 14 (differences along rows), and Adobe's technical
// note of 2002 on Deflate in TIFF, which is a zlib stream (RFC 1950) a strip.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/png.hpp"

namespace hotcold {

// What encode_strip() may need at `out`.
std::size_t strip_bound(const PngImage& image);

// Writes the whole picture as one strip and returns its length: a zlib stream of rows, each pixel
// less the one before it in its row (Predictor 2). A palette has no part in it. The bytes do not
// depend on n_threads.
std::size_t encode_strip(const PngImage& image, Compression compression, std::uint8_t* out,
                         int n_threads);

}  // namespace hotcold
