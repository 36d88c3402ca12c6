// Two ways to look up: where bytes can be permuted across registers (AVX-512 VBMI), a table of 256
// stays in four of them and 64 pixels take two permutes and a blend, under half a cycle a pixel;
// elsewhere, and for longer tables, one load a pixel.
#include "kernels/paint.simd.hpp"

#include <cstring>

#if defined(__AVX512VBMI__)
#include "kernels/paint.vbmi.hpp"
#elif defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Pixels whose planes are built in L1 before they are woven into a picture.
constexpr std::size_t kChunk = 256;

#if defined(__AVX2__) && !defined(__AVX512VBMI__)
// Byte j of the k-th of three vectors of 16 woven pixels, from each plane; and of plane k from each
// vector of pixels. 0x80 gives 0, so that the three are or-ed.
struct Weave {
    alignas(16) std::uint8_t join[3][3][16];
    alignas(16) std::uint8_t split[3][3][16];

    constexpr Weave() : join(), split() {
        for (unsigned k = 0; k < 3; ++k) {
            for (unsigned source = 0; source < 3; ++source) {
                for (unsigned j = 0; j < 16; ++j) {
                    const unsigned woven = 16 * k + j;
                    const unsigned pixel_byte = 3 * j + k;
                    join[k][source][j] =
                        static_cast<std::uint8_t>(woven % 3 == source ? woven / 3 : 0x80);
                    split[k][source][j] = static_cast<std::uint8_t>(
                        pixel_byte / 16 == source ? pixel_byte % 16 : 0x80);
                }
            }
        }
    }
};
constexpr Weave kWeave;

inline __m128i pick(const __m128i (&sources)[3], const std::uint8_t (&orders)[3][16]) {
    const auto one = [&](unsigned s) {
        return _mm_shuffle_epi8(sources[s],
                                _mm_load_si128(reinterpret_cast<const __m128i*>(orders[s])));
    };
    return _mm_or_si128(_mm_or_si128(one(0), one(1)), one(2));
}

inline __m128i load_16(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

inline void store_16(std::uint8_t* to, __m128i v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
}

// Both weave whole 16s and tell how many pixels they did.
std::size_t join_16s(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b,
                     std::size_t count, std::uint8_t* out) {
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m128i planes[3] = {load_16(r + i), load_16(g + i), load_16(b + i)};
        for (unsigned k = 0; k < 3; ++k) {
            store_16(out + 3 * i + 16 * k, pick(planes, kWeave.join[k]));
        }
    }
    return i;
}

std::size_t split_16s(const std::uint8_t* pixels, std::size_t count, std::uint8_t* const* planes) {
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const std::uint8_t* from = pixels + 3 * i;
        const __m128i woven[3] = {load_16(from), load_16(from + 16), load_16(from + 32)};
        for (unsigned k = 0; k < 3; ++k) store_16(planes[k] + i, pick(woven, kWeave.split[k]));
    }
    return i;
}
#else
std::size_t join_16s(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*, std::size_t,
                     std::uint8_t*) {
    return 0;
}
std::size_t split_16s(const std::uint8_t*, std::size_t, std::uint8_t* const*) { return 0; }
#endif

// Planes to adjacent pixels; grey where there is one.
void join_by_loads(const ByteRun& run, std::uint8_t* out) {
    const std::uint8_t* r = run.planes[0];
    const std::uint8_t* g = run.planes[run.channels == 1 ? 0 : 1];
    const std::uint8_t* b = run.planes[run.channels == 1 ? 0 : 2];
    if (run.channels == 4) {
        const std::uint8_t* a = run.planes[3];
        for (std::size_t i = 0; i < run.count; ++i) {
            out[4 * i] = r[i];
            out[4 * i + 1] = g[i];
            out[4 * i + 2] = b[i];
            out[4 * i + 3] = a[i];
        }
    } else {
        for (std::size_t i = join_16s(r, g, b, run.count, out); i < run.count; ++i) {
            out[3 * i] = r[i];
            out[3 * i + 1] = g[i];
            out[3 * i + 2] = b[i];
        }
    }
}

// Calls body(start, length, planes) chunk by chunk and joins what it leaves in the planes.
template <typename F>
void in_chunks(std::size_t count, std::size_t channels, std::uint8_t* out, const F& body) {
    std::uint8_t planes[kMaxPictureChannels][kChunk];
    for (std::size_t start = 0; start < count; start += kChunk) {
        const std::size_t length = count - start < kChunk ? count - start : kChunk;
        body(start, length, planes);
        const ByteRun run{length, channels, {planes[0], planes[1], planes[2], planes[3]}};
        join_by_loads(run, out + start * channels);
    }
}

template <typename Entry>
void colors_by_loads(const Entry* entries, std::size_t count, const ColorPlanes& table,
                     std::uint8_t* out) {
    if (count == 0) return;
    // Four bytes at a time, the fourth overwritten by the next pixel.
    for (std::size_t i = 0; i + 1 < count; ++i) {
        std::memcpy(out + 3 * i, table.pixels + std::size_t{4} * entries[i], 4);
    }
    std::memcpy(out + 3 * (count - 1), table.pixels + std::size_t{4} * entries[count - 1], 3);
}

template <typename Entry>
void overlay_by_loads(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                      const ImageTable& shares, std::uint8_t* out) {
    const std::size_t channels = image.channels == 4 ? 4 : 3;
    in_chunks(image.count, channels, out, [&](std::size_t start, std::size_t length, auto& planes) {
        for (std::size_t c = 0; c < 3; ++c) {
            const std::uint8_t* __restrict x = image.planes[image.channels == 1 ? 0 : c] + start;
            const Entry* __restrict entry = entries + start;
            const std::uint32_t* color = table.fixed + c * table.stride;
            std::uint8_t* __restrict plane = planes[c];
            for (std::size_t i = 0; i < length; ++i) {
                plane[i] = static_cast<std::uint8_t>((shares.fixed[x[i]] + color[entry[i]]) >> 24);
            }
        }
        if (channels < 4) return;
        for (std::size_t i = 0; i < length; ++i) {
            planes[3][i] = shares.plain[image.planes[3][start + i]];
        }
    });
}

#if !defined(__AVX512VBMI__)
void mask_by_loads(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                   std::uint8_t* out) {
    const std::size_t channels = image.channels == 4 ? 4 : 3;
    in_chunks(image.count, channels, out, [&](std::size_t start, std::size_t length, auto& planes) {
        for (std::size_t c = 0; c < channels; ++c) {
            const std::size_t from = image.channels == 1 ? 0 : c;
            const std::uint8_t* __restrict x = image.planes[from] + start;
            std::uint8_t* __restrict plane = planes[c];
            if (masks[from] == nullptr) {
                for (std::size_t i = 0; i < length; ++i) plane[i] = table.plain[x[i]];
                continue;
            }
            const std::uint8_t* __restrict mask = masks[from] + start;
            for (std::size_t i = 0; i < length; ++i) {
                const std::uint8_t shown = table.plain[x[i]] & mask[i];
                const std::uint8_t dark = table.masked[x[i]] & static_cast<std::uint8_t>(~mask[i]);
                plane[i] = shown | dark;
            }
        }
    });
}
#endif

template <std::size_t channels>
void split_by_loads(const std::uint8_t* pixels, std::size_t count, std::uint8_t* const* planes) {
    const std::size_t done = channels == 3 ? split_16s(pixels, count, planes) : 0;
    for (std::size_t c = 0; c < channels; ++c) {
        std::uint8_t* plane = planes[c];
        for (std::size_t i = done; i < count; ++i) plane[i] = pixels[channels * i + c];
    }
}

void split(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
           std::uint8_t* const* planes) {
#if defined(__AVX512VBMI__)
    if (channels == 3) return split_3_by_permutes(pixels, count, planes);
#endif
    return channels == 3 ? split_by_loads<3>(pixels, count, planes)
                         : split_by_loads<4>(pixels, count, planes);
}

}  // namespace

#if defined(__AVX512VBMI__)
const PaintOps<std::uint8_t> paint_8 = {colors_by_permutes, overlay_by_permutes};
const ByteOps paint_bytes = {mask_by_permutes, split, join_by_permutes};
#else
const PaintOps<std::uint8_t> paint_8 = {colors_by_loads<std::uint8_t>,
                                        overlay_by_loads<std::uint8_t>};
const ByteOps paint_bytes = {mask_by_loads, split, join_by_loads};
#endif
const PaintOps<std::uint16_t> paint_16 = {colors_by_loads<std::uint16_t>,
                                          overlay_by_loads<std::uint16_t>};

}  // namespace hotcold::HOTCOLD_LEVEL
