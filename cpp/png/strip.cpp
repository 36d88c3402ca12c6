// Bands of whole rows, compressed to whole bytes each, one after the other in one stream: as in
// png.cpp, any thread can take any of them, and the bytes are the same.
#include "png/strip.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

#include "png/checksum.hpp"
#include "png/filter.ops.hpp"
#include "runtime/integers.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {
namespace {

constexpr std::size_t kZlibHeader = 2;
constexpr std::size_t kZlibTrailer = 4;
constexpr std::size_t kBandBytes = std::size_t{1} << 17;

class Bands {
  public:
    explicit Bands(const PngImage& image)
        : row_(image.width * image.channels),
          height_(image.height),
          rows_(std::max<std::size_t>(1, kBandBytes / row_)) {}

    std::size_t row() const { return row_; }
    std::size_t count() const { return ceil_div(height_, rows_); }
    std::size_t begin(std::size_t band) const { return band * rows_; }
    std::size_t end(std::size_t band) const { return std::min(height_, (band + 1) * rows_); }
    std::size_t bytes(std::size_t band) const { return (end(band) - begin(band)) * row_; }
    std::size_t most_bytes() const { return std::min(rows_, height_) * row_; }
    std::size_t slot() const { return deflate_bound(most_bytes()); }

  private:
    std::size_t row_;
    std::size_t height_;
    std::size_t rows_;
};

struct EncodedBand {
    std::size_t bytes;
    std::uint32_t adler;
};

EncodedBand encode_band(const PngImage& image, Compression compression, const Bands& bands,
                        std::size_t band, std::uint8_t* out) {
    const PngFilterOps& ops = HOTCOLD_SELECT(png_filter);
    const std::size_t most = bands.most_bytes();
    const std::size_t scratch_bytes = deflate_workspace_bytes(most, compression);
    Workspace workspace(Workspace::bytes_for<std::uint8_t>(most) +
                        Workspace::bytes_for<std::byte>(scratch_bytes));
    std::uint8_t* const differences = workspace.take<std::uint8_t>(most);
    std::byte* const scratch = workspace.take<std::byte>(scratch_bytes);
    const std::size_t pixel = image.channels;
    for (std::size_t y = bands.begin(band); y < bands.end(band); ++y) {
        const std::uint8_t* row = image.data + static_cast<std::ptrdiff_t>(y) * image.row_stride;
        std::uint8_t* to = differences + (y - bands.begin(band)) * bands.row();
        std::memcpy(to, row, pixel);
        if (bands.row() == pixel) continue;
        ops.filter(FilterType::kSub, {row + pixel, row + pixel, pixel, bands.row() - pixel},
                   to + pixel);
    }
    const std::size_t count = bands.bytes(band);
    const bool last = band + 1 == bands.count();
    return {deflate(differences, count, last, compression, scratch, out),
            adler32(differences, count)};
}

}  // namespace

std::size_t strip_bound(const PngImage& image) {
    const Bands bands(image);
    return kZlibHeader + bands.count() * bands.slot() + kZlibTrailer;
}

std::size_t encode_strip(const PngImage& image, Compression compression, std::uint8_t* out,
                         int n_threads) {
    assert(image.width > 0 && image.height > 0);
    const Bands bands(image);
    const std::size_t n = bands.count();
    out[0] = 0x78;  // as png.cpp
    out[1] = 0x01;
    std::uint8_t* const first = out + kZlibHeader;
    std::vector<EncodedBand> encoded(n);
    // Each band into a slot of its own, then moved up.
    parallel_for(n, n_threads, [&](std::size_t band, int) {
        encoded[band] = encode_band(image, compression, bands, band, first + band * bands.slot());
    });
    std::size_t used = kZlibHeader;
    std::uint32_t adler = 1;
    for (std::size_t band = 0; band < n; ++band) {
        std::memmove(out + used, first + band * bands.slot(), encoded[band].bytes);
        used += encoded[band].bytes;
        adler = adler32_combine(adler, encoded[band].adler, bands.bytes(band));
    }
    for (int i = 0; i < 4; ++i) out[used++] = static_cast<std::uint8_t>(adler >> (24 - 8 * i));
    return used;
}

}  // namespace hotcold
