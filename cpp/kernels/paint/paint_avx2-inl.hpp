// Shuffles within 16 bytes: the AVX2 part of paint.simd.cpp, which alone includes it. Each function
// does the whole blocks of a run and tells how many pixels those were.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/paint/paint.ops.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Byte j of the k-th of three vectors of 16 interleaved pixels, from each plane; and of plane k
// from each vector of pixels. 0x80 gives 0, so that the three are or-ed.
struct Interleave {
    alignas(16) std::uint8_t forward[3][3][16];
    alignas(16) std::uint8_t back[3][3][16];

    constexpr Interleave() : forward(), back() {
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

std::size_t interleave_16s(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b,
                           std::size_t count, std::uint8_t* out) {
    std::size_t i = 0;
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
// Bytes of pixels 0, 1 and of pixels 4, 5 as the upper halves of R, G, B, 0; `second` for the two
// pixels after each.
struct Widen {
    alignas(32) std::uint8_t first[32];
    alignas(32) std::uint8_t second[32];
    alignas(32) std::uint8_t close[32];   // four pixels of four bytes to four of three
    alignas(32) std::uint8_t fourth[32];  // the fourth of four 16 bits in the place of each

    constexpr Widen() : first(), second(), close(), fourth() {
        for (unsigned j = 0; j < 32; ++j) {
            const unsigned value = j % 16 / 2;
            const unsigned byte = value / 4 * 3 + value % 4;
            const bool used = j % 2 == 1 && value % 4 < 3;
            first[j] = static_cast<std::uint8_t>(used ? byte : 0x80);
            second[j] = static_cast<std::uint8_t>(used ? byte + 6 : 0x80);
            const unsigned at = j % 16;
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

// The codes of four entries.
template <typename Entry>
__m256i codes_of(const std::uint16_t* codes, Entry e0, Entry e1, Entry e2, Entry e3) {
    const auto one = [&](Entry e) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + std::size_t{4} * e));
    };
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi64(one(e0), one(e1))),
                                   _mm_unpacklo_epi64(one(e2), one(e3)), 1);
}

// Blended pixels from those of an image of three channels whose codes are products with `gain`;
// `codes` are the colour table's. Bytes beyond a block are read and written, inside the run.
template <typename Entry>
std::size_t overlay_8s(const Entry* entries, const std::uint8_t* pixels, std::size_t count,
                       const std::uint16_t* codes, std::uint16_t gain, std::uint8_t* out) {
    constexpr std::size_t kMargin = 2;  // pixels that hold the 4 bytes beyond 24
    const __m256i first = pattern_of(kWiden.first);
    const __m256i second = pattern_of(kWiden.second);
    const __m256i close = pattern_of(kWiden.close);
    const __m256i by = _mm256_set1_epi16(static_cast<short>(gain));
    std::size_t i = 0;
    for (; i + 8 + kMargin <= count; i += 8) {
        const Entry* e = entries + i;
        const __m256i bytes = two_halves(pixels + 3 * i, pixels + 3 * i + 12);
        const __m256i image_a = _mm256_mulhi_epu16(_mm256_shuffle_epi8(bytes, first), by);
        const __m256i image_b = _mm256_mulhi_epu16(_mm256_shuffle_epi8(bytes, second), by);
        const __m256i a = _mm256_add_epi16(image_a, codes_of(codes, e[0], e[1], e[4], e[5]));
        const __m256i b = _mm256_add_epi16(image_b, codes_of(codes, e[2], e[3], e[6], e[7]));
        const __m256i wide = _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
        const __m256i closed = _mm256_shuffle_epi8(wide, close);
        store_16(out + 3 * i, _mm256_castsi256_si128(closed));
        store_16(out + 3 * i + 12, _mm256_extracti128_si256(closed, 1));
    }
    return i;
}

// As overlay_8s, under colours that let each its own part of the image through: `codes` are a
// translucent table's.
template <typename Entry>
std::size_t translucent_8s(const Entry* entries, const std::uint8_t* pixels, std::size_t count,
                           const std::uint16_t* codes, std::uint8_t* out) {
    constexpr std::size_t kMargin = 2;
    const __m256i first = pattern_of(kWiden.first);
    const __m256i second = pattern_of(kWiden.second);
    const __m256i close = pattern_of(kWiden.close);
    const __m256i gain = pattern_of(kWiden.fourth);
    const auto blend = [&](__m256i image, __m256i code) {
        const __m256i by = _mm256_shuffle_epi8(code, gain);
        return _mm256_srli_epi16(_mm256_add_epi16(_mm256_mulhi_epu16(image, by), code), 8);
    };
    std::size_t i = 0;
    for (; i + 8 + kMargin <= count; i += 8) {
        const Entry* e = entries + i;
        const __m256i bytes = two_halves(pixels + 3 * i, pixels + 3 * i + 12);
        const __m256i a =
            blend(_mm256_shuffle_epi8(bytes, first), codes_of(codes, e[0], e[1], e[4], e[5]));
        const __m256i b =
            blend(_mm256_shuffle_epi8(bytes, second), codes_of(codes, e[2], e[3], e[6], e[7]));
        const __m256i closed = _mm256_shuffle_epi8(_mm256_packus_epi16(a, b), close);
        store_16(out + 3 * i, _mm256_castsi256_si128(closed));
        store_16(out + 3 * i + 12, _mm256_extracti128_si256(closed, 1));
    }
    return i;
}

// Four entries' pixels of four bytes.
template <typename Entry>
__m128i pixels_of(const std::uint8_t* table, const Entry* e) {
    const auto one = [&](std::size_t i) {
        int pixel;
        std::memcpy(&pixel, table + std::size_t{4} * e[i], 4);
        return pixel;
    };
    const __m128i first = _mm_cvtsi32_si128(one(0));
    const __m128i two = _mm_insert_epi32(first, one(1), 1);
    return _mm_insert_epi32(_mm_insert_epi32(two, one(2), 2), one(3), 3);
}

// The same from the means of image bytes and partners (ColorPlanes).
template <typename Entry>
std::size_t means_8s(const Entry* entries, const std::uint8_t* pixels, std::size_t count,
                     const std::uint8_t* partners, std::uint8_t* out) {
    constexpr std::size_t kMargin = 2;
    const __m256i close = pattern_of(kWiden.close);
    std::size_t i = 0;
    for (; i + 8 + kMargin <= count; i += 8) {
        const __m128i low = pixels_of(partners, entries + i);
        const __m128i high = pixels_of(partners, entries + i + 4);
        const __m256i colors = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        const __m256i bytes = two_halves(pixels + 3 * i, pixels + 3 * i + 12);
        const __m256i mean = _mm256_avg_epu8(bytes, _mm256_shuffle_epi8(colors, close));
        store_16(out + 3 * i, _mm256_castsi256_si128(mean));
        store_16(out + 3 * i + 12, _mm256_extracti128_si256(mean, 1));
    }
    return i;
}

// Bytes of a line's table, from 16 bytes as the upper halves of 16 bits each.
inline __m256i on_line(__m256i x, const ByteLine& line) {
    const __m256i product = _mm256_mulhi_epu16(x, _mm256_set1_epi16(static_cast<short>(line.gain)));
    const __m256i sum =
        _mm256_add_epi16(product, _mm256_set1_epi16(static_cast<short>(line.offset)));
    return _mm256_srli_epi16(sum, 8);
}

// Bytes on the line `plain` where the mask is 255, on `masked` where it is 0.
[[maybe_unused]] std::size_t mask_32s(const std::uint8_t* mask, const std::uint8_t* x,
                                      std::size_t count, const ByteLine& plain,
                                      const ByteLine& masked, std::uint8_t* out) {
    const __m256i zero = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
        const __m256i chosen = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + i));
        const __m256i low = _mm256_unpacklo_epi8(zero, bytes);
        const __m256i high = _mm256_unpackhi_epi8(zero, bytes);
        const __m256i shown = _mm256_packus_epi16(on_line(low, plain), on_line(high, plain));
        const __m256i dark = _mm256_packus_epi16(on_line(low, masked), on_line(high, masked));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                            _mm256_blendv_epi8(dark, shown, chosen));
    }
    return i;
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
