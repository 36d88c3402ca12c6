// The stream of filtered rows is cut into bands of equal length, at bytes and not at rows, so that
// a band's scratch is small whatever the width. A band is filtered, compressed to whole bytes, and
// becomes an IDAT chunk with its own CRC: bands depend on the pixels alone, any thread can take any
// of them, and the file is the same. A cut costs 17 bytes, so a picture that one thread encodes
// anyway is one band.
#include "png/png.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "png/checksum.hpp"
#include "png/deflate/deflate.hpp"
#include "png/palette.hpp"
#include "png/rows.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {
namespace {

constexpr std::uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kChunkOverhead = 12;  // length, type, CRC
constexpr std::size_t kZlibHeader = 2;
constexpr std::size_t kZlibTrailer = 4;

// Pictures up to this many bytes are one band, on the calling thread: waking a helper costs about
// as much as encoding them (measured 2026-11). Larger ones have bands half as large, so that two
// threads have about equal shares.
constexpr std::size_t kSerialBytes = std::size_t{1} << 18;
constexpr std::size_t kBandBytes = kSerialBytes / 2;

void put_u32(std::uint8_t* out, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// Completes the chunk whose data already lies at out + 8. Returns the chunk's length.
std::size_t seal_chunk(std::uint8_t* out, const char (&type)[5], std::size_t length) {
    put_u32(out, static_cast<std::uint32_t>(length));
    std::memcpy(out + 4, type, 4);
    put_u32(out + 8 + length, crc32(0, out + 4, 4 + length));
    return length + kChunkOverhead;
}

std::size_t write_header(const PngImage& image, std::uint8_t* out) {
    std::memcpy(out, kSignature, sizeof(kSignature));
    std::uint8_t* chunk = out + sizeof(kSignature);
    put_u32(chunk + 8, static_cast<std::uint32_t>(image.width));
    put_u32(chunk + 12, static_cast<std::uint32_t>(image.height));
    const bool indexed = image.channels == 1 && image.palette != nullptr;
    const int color_type = image.channels == 4 ? 6 : image.channels == 3 ? 2 : indexed ? 3 : 0;
    const std::uint8_t rest[5] = {8, static_cast<std::uint8_t>(color_type), 0, 0, 0};
    std::memcpy(chunk + 16, rest, sizeof(rest));
    std::size_t used = sizeof(kSignature) + seal_chunk(chunk, "IHDR", 13);
    if (indexed) {
        std::memcpy(out + used + 8, image.palette, 3 * image.palette_entries);
        used += seal_chunk(out + used, "PLTE", 3 * image.palette_entries);
    }
    return used;
}

// tEXt where that is enough, else iTXt: tEXt is Latin-1 by definition.
std::size_t write_text(const PngText& text, std::uint8_t* out) {
    const bool plain = !text.international &&
                       std::all_of(text.text.begin(), text.text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 128; });
    std::uint8_t* data = out + 8;
    std::memcpy(data, text.keyword.c_str(), text.keyword.size() + 1);
    data += text.keyword.size() + 1;
    if (!plain) {
        // Not compressed; language and translated keyword left empty.
        std::memset(data, 0, 4);
        data += 4;
    }
    std::memcpy(data, text.text.data(), text.text.size());
    data += text.text.size();
    const auto length = static_cast<std::size_t>(data - (out + 8));
    return plain ? seal_chunk(out, "tEXt", length) : seal_chunk(out, "iTXt", length);
}

// How the stream of filtered rows is cut.
class Bands {
  public:
    explicit Bands(const PngImage& image)
        : stream_((image.width * image.channels + 1) * image.height),
          count_(stream_ <= kSerialBytes ? 1 : (stream_ + kBandBytes - 1) / kBandBytes),
          size_((stream_ + count_ - 1) / count_) {}

    std::size_t stream() const { return stream_; }
    std::size_t count() const { return (stream_ + size_ - 1) / size_; }
    std::size_t size() const { return size_; }
    std::size_t begin(std::size_t band) const { return band * size_; }
    std::size_t end(std::size_t band) const { return std::min(stream_, (band + 1) * size_); }
    // Room that a band's chunk needs.
    std::size_t slot() const {
        return deflate_bound(size_) + kChunkOverhead + kZlibHeader + kZlibTrailer;
    }

  private:
    std::size_t stream_;
    std::size_t count_;
    std::size_t size_;
};

struct EncodedBand {
    std::size_t data_bytes;
    std::uint32_t adler;
};

// Filters and compresses one band to out + 8, where a chunk's data belongs. The chunk is not
// sealed.
EncodedBand encode_band(const PngImage& image, Compression compression, const Bands& bands,
                        std::size_t band, std::uint8_t* out) {
    const std::size_t begin = bands.begin(band);
    const std::size_t count = bands.end(band) - begin;
    Workspace workspace(
        Workspace::bytes_for<std::uint8_t>(bands.size()) +
        Workspace::bytes_for<std::byte>(deflate_workspace_bytes(bands.size(), compression)));
    std::uint8_t* rows = workspace.take<std::uint8_t>(bands.size());
    std::byte* scratch =
        workspace.take<std::byte>(deflate_workspace_bytes(bands.size(), compression));
    filter_rows(image, compression, begin, count, rows);
    std::uint8_t* data = out + 8;
    if (band == 0) {
        // Deflate with a 32 KiB window, the fastest of four levels; a multiple of 31.
        *data++ = 0x78;
        *data++ = 0x01;
    }
    data += deflate(rows, count, band + 1 == bands.count(), compression, scratch, data);
    return {static_cast<std::size_t>(data - (out + 8)), adler32(rows, count)};
}

std::size_t write_pixels(const PngImage& image, Compression compression, std::uint8_t* out,
                         int n_threads) {
    const Bands bands(image);
    const std::size_t n = bands.count();
    const bool serial = n_threads <= 1 || n == 1;
    std::uint32_t adler = 1;
    std::size_t used = 0;
    const auto append = [&](std::size_t band, EncodedBand encoded) {
        adler = adler32_combine(adler, encoded.adler, bands.end(band) - bands.begin(band));
        if (band + 1 == n) {
            put_u32(out + used + 8 + encoded.data_bytes, adler);
            encoded.data_bytes += kZlibTrailer;
        }
        used += seal_chunk(out + used, "IDAT", encoded.data_bytes);
    };
    if (serial) {
        for (std::size_t band = 0; band < n; ++band) {
            check_interrupt();
            append(band, encode_band(image, compression, bands, band, out + used));
        }
        return used;
    }
    // Each band into a slot of its own, then moved up.
    std::vector<EncodedBand> encoded(n);
    parallel_for(n, n_threads, [&](std::size_t band, int) {
        encoded[band] = encode_band(image, compression, bands, band, out + band * bands.slot());
    });
    for (std::size_t band = 0; band < n; ++band) {
        check_interrupt();
        std::memmove(out + used + 8, out + band * bands.slot() + 8, encoded[band].data_bytes);
        append(band, encoded[band]);
    }
    return used;
}

std::size_t write_file(const PngImage& image, const std::vector<PngText>& texts,
                       Compression compression, std::uint8_t* out, int n_threads) {
    std::size_t used = write_header(image, out);
    for (const PngText& text : texts) used += write_text(text, out + used);
    used += write_pixels(image, compression, out + used, n_threads);
    return used + seal_chunk(out + used, "IEND", 0);
}

}  // namespace

std::size_t png_bound(const PngImage& image, const std::vector<PngText>& texts) {
    const Bands bands(image);
    std::size_t bound = sizeof(kSignature) + kChunkOverhead + 13 + kChunkOverhead +
                        std::size_t{3} * 256 + bands.count() * bands.slot() + kChunkOverhead;
    for (const PngText& text : texts) {
        bound += kChunkOverhead + text.keyword.size() + 5 + text.text.size();
    }
    return bound;
}

std::size_t encode_png(const PngImage& image, const std::vector<PngText>& texts,
                       Compression compression, std::uint8_t* out, int n_threads) {
    assert(image.width > 0 && image.height > 0);
    if (image.channels != 3 || image.palette == nullptr) {
        return write_file(image, texts, compression, out, n_threads);
    }
    IndexedPicture indexed(image, n_threads);
    return write_file(indexed.found() ? indexed.image() : image, texts, compression, out,
                      n_threads);
}

}  // namespace hotcold
