// Shuffles within 16 bytes: the AVX2 part of paint.simd.cpp, which alone includes it. Each function
// does the whole blocks of a run and tells how many pixels those were.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/paint/paint.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Byte j of the k-th of three vectors of 16 interleaved pixels, from each plane; and of plane k
// from each vector of pixels. 0x80 gives 0, so that the three are or-ed.
struct Interleave {
    alignas(16) std::uint8_t forward[3][3][16];
    alignas(16) std::uint8_t back[3][3][16];
    alignas(16) std::uint8_t repeated[48];  // from one plane for all three

    constexpr Interleave() : forward(), back(), repeated() {
        for (unsigned j = 0; j < 48; ++j) repeated[j] = static_cast<std::uint8_t>(j / 3);
        for (unsigned k = 0; k < 3; ++k) {
            for (unsigned source = 0; source < 3; ++source) {
                for (unsigned j = 0; j < 16; ++j) {
                    const unsigned interleaved = 16 * k + j;
                    const unsigned pixel_byte = 3 * j + k;
                    forward[k][source][j] = static_cast<std::uint8_t>(
                        interleaved % 3 == source ? interleaved / 3 : 0x80);
                    back[k][source][j] = static_cast<std::uint8_t>(
                        pixel_byte / 16 == source ? pixel_byte % 16 : 0x80);
                }
            }
        }
    }
};
constexpr Interleave kInterleave;

inline __m128i permute(const __m128i (&sources)[3], const std::uint8_t (&orders)[3][16]) {
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

// The same of 32 pixels: the lower halves are those of the first 16.
inline __m256i permute(const __m256i (&sources)[3], const std::uint8_t (&orders)[3][16]) {
    const auto one = [&](unsigned s) {
        const __m128i order = _mm_load_si128(reinterpret_cast<const __m128i*>(orders[s]));
        return _mm256_shuffle_epi8(sources[s], _mm256_broadcastsi128_si256(order));
    };
    return _mm256_or_si256(_mm256_or_si256(one(0), one(1)), one(2));
}

inline __m256i load_32(const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

inline void store_32(std::uint8_t* to, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
}

// Each byte three times.
std::size_t repeat_16s(const std::uint8_t* plane, std::size_t count, std::uint8_t* out) {
    const __m256i first = load_32(kInterleave.repeated);
    const __m128i rest = load_16(kInterleave.repeated + 32);
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m128i bytes = load_16(plane + i);
        store_32(out + 3 * i, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), first));
        store_16(out + 3 * i + 32, _mm_shuffle_epi8(bytes, rest));
    }
    return i;
}

std::size_t interleave_16s(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b,
                           std::size_t count, std::uint8_t* out) {
    if (r == g && g == b) return repeat_16s(r, count, out);
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i planes[3] = {load_32(r + i), load_32(g + i), load_32(b + i)};
        for (unsigned k = 0; k < 3; ++k) {
            const __m256i pixels = permute(planes, kInterleave.forward[k]);
            store_16(out + 3 * i + 16 * k, _mm256_castsi256_si128(pixels));
            store_16(out + 3 * i + 48 + 16 * k, _mm256_extracti128_si256(pixels, 1));
        }
    }
    for (; i + 16 <= count; i += 16) {
        const __m128i planes[3] = {load_16(r + i), load_16(g + i), load_16(b + i)};
        for (unsigned k = 0; k < 3; ++k) {
            store_16(out + 3 * i + 16 * k, permute(planes, kInterleave.forward[k]));
        }
    }
    return i;
}

std::size_t deinterleave_16s(const std::uint8_t* pixels, std::size_t count,
                             std::uint8_t* const* planes) {
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const std::uint8_t* from = pixels + 3 * i;
        const __m128i interleaved[3] = {load_16(from), load_16(from + 16), load_16(from + 32)};
        for (unsigned k = 0; k < 3; ++k)
            store_16(planes[k] + i, permute(interleaved, kInterleave.back[k]));
    }
    return i;
}

// Pixels of four bytes from those of three and back, and the places of a translucent code's gain.
struct Widen {
    alignas(32) std::uint8_t first[32];   // of bytes 0 to 15 and 24 to 39 of 16 pixels
    alignas(32) std::uint8_t second[32];  // of bytes 12 to 27 and 32 to 47
    alignas(32) std::uint8_t close[32];   // four pixels of four bytes to four of three
    alignas(32) std::uint8_t fourth[32];  // the fourth of four 16 bits in the place of each

    constexpr Widen() : first(), second(), close(), fourth() {
        for (unsigned j = 0; j < 32; ++j) {
            const unsigned at = j % 16;
            const unsigned byte = at / 4 * 3 + at % 4;
            const bool used = at % 4 < 3;
            first[j] = static_cast<std::uint8_t>(used ? byte : 0x80);
            second[j] = static_cast<std::uint8_t>(used ? byte + (j < 16 ? 0 : 4) : 0x80);
            close[j] = static_cast<std::uint8_t>(at < 12 ? at / 3 * 4 + at % 3 : 0x80);
            fourth[j] = static_cast<std::uint8_t>(at / 8 * 8 + 6 + at % 2);
        }
    }
};
constexpr Widen kWiden;

inline __m256i pattern_of(const std::uint8_t (&bytes)[32]) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

inline __m256i two_halves(const std::uint8_t* low, const std::uint8_t* high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(low)), load_16(high), 1);
}

// 16 pixels as R, G, B and 0: pixels 0 to 3 and 8 to 11, and 4 to 7 and 12 to 15.
struct Quads {
    __m256i first;
    __m256i second;
};

// Where they come from: pixels of three bytes, or planes.
struct FromPixels {
    const std::uint8_t* pixels;

    HOTCOLD_INLINE Quads at(std::size_t i) const {
        const std::uint8_t* from = pixels + 3 * i;
        return {_mm256_shuffle_epi8(two_halves(from, from + 24), pattern_of(kWiden.first)),
                _mm256_shuffle_epi8(two_halves(from + 12, from + 32), pattern_of(kWiden.second))};
    }
};

struct FromPlanes {
    const std::uint8_t* red;
    const std::uint8_t* green;
    const std::uint8_t* blue;

    HOTCOLD_INLINE Quads at(std::size_t i) const {
        const __m256i red_green = _mm256_unpacklo_epi8(eights(red + i), eights(green + i));
        const __m256i blue_zero = _mm256_unpacklo_epi8(eights(blue + i), _mm256_setzero_si256());
        return {_mm256_unpacklo_epi16(red_green, blue_zero),
                _mm256_unpackhi_epi16(red_green, blue_zero)};
    }

  private:
    // Bytes 0 to 7 at the beginning of the first half, 8 to 15 at that of the second.
    static HOTCOLD_INLINE __m256i eights(const std::uint8_t* from) {
        return _mm256_permute4x64_epi64(_mm256_castsi128_si256(load_16(from)), 0x50);
    }
};

// The first twelve bytes.
HOTCOLD_INLINE void store_12(std::uint8_t* to, __m128i v) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), v);
    const int rest = _mm_extract_epi32(v, 2);
    std::memcpy(to + 8, &rest, 4);
}

// blend(quads, entries) for pixels of an image; `entries` are those from the first pixel on. Both
// by value, as what they hold: bytes written to `out` might else be theirs.
template <typename Entry, typename Image, typename Blend>
HOTCOLD_INLINE std::size_t blend_each(const Entry* entries, Image image, std::size_t count,
                                      Blend blend, std::uint8_t* out) {
    const __m256i close = pattern_of(kWiden.close);
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const Quads x = image.at(i);
        const __m256i a = _mm256_shuffle_epi8(blend(x.first, entries + i), close);
        const __m256i b = _mm256_shuffle_epi8(blend(x.second, entries + i + 4), close);
        // Four bytes beyond twelve are written, and by the next twelve overwritten.
        store_16(out + 3 * i, _mm256_castsi256_si128(a));
        store_16(out + 3 * i + 12, _mm256_castsi256_si128(b));
        store_16(out + 3 * i + 24, _mm256_extracti128_si256(a, 1));
        store_12(out + 3 * i + 36, _mm256_extracti128_si256(b, 1));
    }
    return i;
}

// Over grey or three channels.
template <typename Entry, typename Blend>
std::size_t blend_16s(const Entry* entries, const ByteRun& image, Blend blend, std::uint8_t* out) {
    const auto& planes = image.planes;
    if (image.channels == 4) return 0;
    if (image.channels == 1) {
        const FromPlanes grey{planes[0], planes[0], planes[0]};
        return blend_each(entries, grey, image.count, blend, out);
    }
    if (image.step == 3) {
        return blend_each(entries, FromPixels{planes[0]}, image.count, blend, out);
    }
    const FromPlanes colors{planes[0], planes[1], planes[2]};
    return blend_each(entries, colors, image.count, blend, out);
}

// A pixel of a table of four bytes, or a code, in all places. Registers are filled by such loads
// and blends: processors have more places for those than for the shuffles that inserting takes.
template <typename Entry>
HOTCOLD_INLINE __m256i pixel_of(const std::uint8_t* table, Entry e) {
    int pixel;
    std::memcpy(&pixel, table + std::size_t{4} * e, 4);
    return _mm256_set1_epi32(pixel);
}

template <typename Entry>
HOTCOLD_INLINE __m256i code_of(const std::uint16_t* codes, Entry e) {
    long long code;
    std::memcpy(&code, codes + std::size_t{4} * e, 8);
    return _mm256_set1_epi64x(code);
}

// The pixels of two entries in turn.
template <typename Entry>
HOTCOLD_INLINE __m256i two_of(const std::uint8_t* table, const Entry* e) {
    return _mm256_blend_epi32(pixel_of(table, e[0]), pixel_of(table, e[1]), 0xaa);
}

// The pixels of entries 0 to 3 and 8 to 11.
template <typename Entry>
HOTCOLD_INLINE __m256i pixels_of(const std::uint8_t* table, const Entry* e) {
    const __m256i low = _mm256_blend_epi32(two_of(table, e), two_of(table, e + 2), 0xcc);
    const __m256i high = _mm256_blend_epi32(two_of(table, e + 8), two_of(table, e + 10), 0xcc);
    return _mm256_blend_epi32(low, high, 0xf0);
}

// The codes of entries 0, 1, 8 and 9.
template <typename Entry>
HOTCOLD_INLINE __m256i codes_of(const std::uint16_t* codes, const Entry* e) {
    const __m256i low = _mm256_blend_epi32(code_of(codes, e[0]), code_of(codes, e[1]), 0xcc);
    const __m256i high = _mm256_blend_epi32(code_of(codes, e[8]), code_of(codes, e[9]), 0xcc);
    return _mm256_blend_epi32(low, high, 0xf0);
}

// Blends of quads under a table's colours, for blend_16s(): the means of image bytes and partners
// (ColorPlanes).
struct Means {
    const std::uint8_t* partners;

    template <typename Entry>
    HOTCOLD_INLINE __m256i operator()(__m256i quads, const Entry* e) const {
        return _mm256_avg_epu8(quads, pixels_of(partners, e));
    }
};

// The upper halves of sums of a table's codes and `Seen`: what is seen of image bytes (as the upper
// halves of 16 bits) under them.
template <typename Seen>
struct Sums {
    const std::uint16_t* codes;
    Seen seen;

    template <typename Entry>
    HOTCOLD_INLINE __m256i operator()(__m256i quads, const Entry* e) const {
        const __m256i zero = _mm256_setzero_si256();
        return _mm256_packus_epi16(sum(_mm256_unpacklo_epi8(zero, quads), codes_of(codes, e)),
                                   sum(_mm256_unpackhi_epi8(zero, quads), codes_of(codes, e + 2)));
    }

  private:
    HOTCOLD_INLINE __m256i sum(__m256i x, __m256i code) const {
        return _mm256_srli_epi16(_mm256_add_epi16(seen(x, code), code), 8);
    }
};

// One gain for all.
struct SeenByGain {
    __m256i gain;
    HOTCOLD_INLINE __m256i operator()(__m256i x, __m256i) const {
        return _mm256_mulhi_epu16(x, gain);
    }
};

// The gain that a translucent table's code holds.
struct SeenThrough {
    HOTCOLD_INLINE __m256i operator()(__m256i x, __m256i code) const {
        return _mm256_mulhi_epu16(x, _mm256_shuffle_epi8(code, pattern_of(kWiden.fourth)));
    }
};

template <typename Entry>
std::size_t means_16s(const Entry* entries, const ByteRun& image, const std::uint8_t* partners,
                      std::uint8_t* out) {
    return blend_16s(entries, image, Means{partners}, out);
}

// Over an image whose codes are products with `gain`.
template <typename Entry>
std::size_t overlay_16s(const Entry* entries, const ByteRun& image, const std::uint16_t* codes,
                        std::uint16_t gain, std::uint8_t* out) {
    const SeenByGain seen{_mm256_set1_epi16(static_cast<short>(gain))};
    return blend_16s(entries, image, Sums<SeenByGain>{codes, seen}, out);
}

template <typename Entry>
std::size_t translucent_16s(const Entry* entries, const ByteRun& image, const std::uint16_t* codes,
                            std::uint8_t* out) {
    return blend_16s(entries, image, Sums<SeenThrough>{codes, {}}, out);
}

// Bytes of a line's table, from 16 bytes as the upper halves of 16 bits each.
inline __m256i on_line(__m256i x, const ByteLine& line) {
    const __m256i product = _mm256_mulhi_epu16(x, _mm256_set1_epi16(static_cast<short>(line.gain)));
    const __m256i sum =
        _mm256_add_epi16(product, _mm256_set1_epi16(static_cast<short>(line.offset)));
    return _mm256_srli_epi16(sum, 8);
}

// Bytes on the table's line of what is plain where the mask is 255, on that of what is masked where
// it is 0. `identity`: plain bytes are the image's.
template <bool identity>
std::size_t mask_32s(const std::uint8_t* mask, const std::uint8_t* x, std::size_t count,
                     const ImageTable& table, std::uint8_t* out) {
    const ByteLine plain = table.plain_line;
    const ByteLine masked = table.masked_line;
    const __m256i zero = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i bytes = load_32(x + i);
        const __m256i low = _mm256_unpacklo_epi8(zero, bytes);
        const __m256i high = _mm256_unpackhi_epi8(zero, bytes);
        const __m256i dark = _mm256_packus_epi16(on_line(low, masked), on_line(high, masked));
        __m256i shown = bytes;
        if constexpr (!identity) {
            shown = _mm256_packus_epi16(on_line(low, plain), on_line(high, plain));
        }
        store_32(out + i, _mm256_blendv_epi8(dark, shown, load_32(mask + i)));
    }
    return i;
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
