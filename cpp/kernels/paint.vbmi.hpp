// Tables in registers: the AVX-512 VBMI part of paint.simd.cpp, which alone includes it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/paint.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Byte masks for what is left of a run: bytes [0, left) of a vector.
inline __mmask64 first_bytes(std::size_t left) {
    return left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
}

inline std::size_t beyond(std::size_t left, std::size_t used) {
    return left > used ? left - used : 0;
}

// 256 bytes; index bit 7 chooses between two permutes of 128.
struct Table {
    __m512i quarter[4];

    explicit Table(const std::uint8_t* bytes) {
        for (int q = 0; q < 4; ++q) quarter[q] = _mm512_loadu_si512(bytes + 64 * q);
    }
    __m512i operator[](__m512i index) const {
        const __m512i low = _mm512_permutex2var_epi8(quarter[0], index, quarter[1]);
        const __m512i high = _mm512_permutex2var_epi8(quarter[2], index, quarter[3]);
        return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(index), high);
    }
};

// --- weaving 64 pixels of planes into pixels and back -------------------------------------------
// Patterns for byte j of the k-th vector of woven pixels; an index of 64 and above means the second
// source.

struct Weave3 {
    // From R and G: pixel for R, 64 + pixel for G, anything for B; and B's pixel where j is B's.
    alignas(64) std::uint8_t red_green[3][64];
    alignas(64) std::uint8_t pixel[3][64];
    std::uint64_t blue[3];
    // Splitting: byte 3 i + c among the first two vectors, or beyond them in the third.
    alignas(64) std::uint8_t first_two[3][64];
    alignas(64) std::uint8_t third[3][64];
    std::uint64_t in_third[3];

    constexpr Weave3() : red_green(), pixel(), blue(), first_two(), third(), in_third() {
        for (unsigned k = 0; k < 3; ++k) {
            for (unsigned j = 0; j < 64; ++j) {
                const unsigned byte = 64 * k + j;
                pixel[k][j] = static_cast<std::uint8_t>(byte / 3);
                red_green[k][j] = static_cast<std::uint8_t>(byte / 3 + (byte % 3 == 1 ? 64 : 0));
                if (byte % 3 == 2) blue[k] |= std::uint64_t{1} << j;
                const unsigned from = 3 * j + k;  // here k is the channel, j the pixel
                first_two[k][j] = static_cast<std::uint8_t>(from & 127);
                third[k][j] = static_cast<std::uint8_t>(from & 63);
                if (from >= 128) in_third[k] |= std::uint64_t{1} << j;
            }
        }
    }
};
constexpr Weave3 kWeave3;

// The same for four planes, from R and G, or B and A.
struct Weave4 {
    alignas(64) std::uint8_t pairs[4][64];

    constexpr Weave4() : pairs() {
        for (unsigned k = 0; k < 4; ++k) {
            for (unsigned j = 0; j < 64; ++j) {
                pairs[k][j] = static_cast<std::uint8_t>(16 * k + j / 4 + (j % 2) * 64);
            }
        }
    }
};
constexpr Weave4 kWeave4;

inline __m512i pattern(const std::uint8_t (&bytes)[64]) { return _mm512_load_si512(bytes); }

// `left` pixels, up to 64.
inline void store_3(__m512i r, __m512i g, __m512i b, std::size_t left, std::uint8_t* out) {
    for (unsigned k = 0; k < 3; ++k) {
        const __m512i rg = _mm512_permutex2var_epi8(r, pattern(kWeave3.red_green[k]), g);
        const __m512i rgb =
            _mm512_mask_permutexvar_epi8(rg, kWeave3.blue[k], pattern(kWeave3.pixel[k]), b);
        if (left >= 64) {
            _mm512_storeu_si512(out + 64 * k, rgb);
        } else {
            _mm512_mask_storeu_epi8(out + 64 * k, first_bytes(beyond(3 * left, 64 * k)), rgb);
        }
    }
}

inline void store_4(__m512i r, __m512i g, __m512i b, __m512i a, std::size_t left,
                    std::uint8_t* out) {
    constexpr __mmask64 kBlueAlpha = 0xccccccccccccccccu;
    for (unsigned k = 0; k < 4; ++k) {
        const __m512i pairs = pattern(kWeave4.pairs[k]);
        const __m512i rg = _mm512_permutex2var_epi8(r, pairs, g);
        const __m512i ba = _mm512_permutex2var_epi8(b, pairs, a);
        _mm512_mask_storeu_epi8(out + 64 * k, first_bytes(beyond(4 * left, 64 * k)),
                                _mm512_mask_mov_epi8(rg, kBlueAlpha, ba));
    }
}

inline __m512i load_bytes(const std::uint8_t* from, std::size_t left) {
    return left >= 64 ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(first_bytes(left), from);
}

void split_3_by_permutes(const std::uint8_t* pixels, std::size_t count,
                         std::uint8_t* const* planes) {
    for (std::size_t i = 0; i < count; i += 64) {
        const std::size_t left = count - i;
        const std::uint8_t* from = pixels + 3 * i;
        const __m512i v0 = load_bytes(from, 3 * left);
        const __m512i v1 = load_bytes(from + 64, beyond(3 * left, 64));
        const __m512i v2 = load_bytes(from + 128, beyond(3 * left, 128));
        for (unsigned c = 0; c < 3; ++c) {
            const __m512i two = _mm512_permutex2var_epi8(v0, pattern(kWeave3.first_two[c]), v1);
            const __m512i all = _mm512_mask_permutexvar_epi8(two, kWeave3.in_third[c],
                                                             pattern(kWeave3.third[c]), v2);
            _mm512_mask_storeu_epi8(planes[c] + i, first_bytes(left), all);
        }
    }
}

void join_by_permutes(const ByteRun& run, std::uint8_t* out) {
    for (std::size_t i = 0; i < run.count; i += 64) {
        const std::size_t left = run.count - i;
        const __m512i r = load_bytes(run.planes[0] + i, left);
        if (run.channels == 1) {
            store_3(r, r, r, left, out + 3 * i);
            continue;
        }
        const __m512i g = load_bytes(run.planes[1] + i, left);
        const __m512i b = load_bytes(run.planes[2] + i, left);
        if (run.channels == 3) {
            store_3(r, g, b, left, out + 3 * i);
        } else {
            store_4(r, g, b, load_bytes(run.planes[3] + i, left), left, out + 4 * i);
        }
    }
}

// --- painting ------------------------------------------------------------------------------------

void colors_by_permutes(const std::uint8_t* entries, std::size_t count, const ColorPlanes& table,
                        std::uint8_t* out) {
    const Table red(table.bytes);
    const Table green(table.bytes + table.stride);
    const Table blue(table.bytes + 2 * table.stride);
    for (std::size_t i = 0; i < count; i += 64) {
        const __m512i entry = load_bytes(entries + i, count - i);
        store_3(red[entry], green[entry], blue[entry], count - i, out + 3 * i);
    }
}

// The sum of two shares; see ColorPlanes.
inline __m512i add_shares(__m512i whole, __m512i rank, __m512i color, __m512i threshold) {
    const __m512i sum = _mm512_add_epi8(whole, color);
    const __mmask64 carry = _mm512_cmpgt_epu8_mask(rank, threshold);
    return _mm512_mask_sub_epi8(sum, carry, sum, _mm512_set1_epi8(-1));
}

template <std::size_t channels>
void overlay_planes(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                    const ImageTable& shares, std::uint8_t* out) {
    constexpr std::size_t kOut = channels == 4 ? 4 : 3;
    const Table whole(shares.whole);
    const Table rank(shares.rank);
    const Table plain(shares.plain);
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        const __m512i entry = load_bytes(entries + i, left);
        __m512i pixel[4];
        for (std::size_t c = 0; c < 3; ++c) {
            const __m512i x = load_bytes(image.planes[channels == 1 ? 0 : c] + i, left);
            pixel[c] = add_shares(whole[x], rank[x], Table(table.whole + c * table.stride)[entry],
                                  Table(table.threshold + c * table.stride)[entry]);
        }
        if constexpr (channels == 4) {
            pixel[3] = plain[load_bytes(image.planes[3] + i, left)];
            store_4(pixel[0], pixel[1], pixel[2], pixel[3], left, out + kOut * i);
        } else {
            store_3(pixel[0], pixel[1], pixel[2], left, out + kOut * i);
        }
    }
}

void overlay_by_permutes(const std::uint8_t* entries, const ByteRun& image,
                         const ColorPlanes& table, const ImageTable& shares, std::uint8_t* out) {
    switch (image.channels) {
        case 1:
            return overlay_planes<1>(entries, image, table, shares, out);
        case 3:
            return overlay_planes<3>(entries, image, table, shares, out);
        default:
            return overlay_planes<4>(entries, image, table, shares, out);
    }
}

template <std::size_t channels>
void mask_planes(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                 std::uint8_t* out) {
    const Table plain(table.plain);
    const Table masked(table.masked);
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        __m512i pixel[4];
        for (std::size_t c = 0; c < channels; ++c) {
            const __m512i x = load_bytes(image.planes[c] + i, left);
            pixel[c] = plain[x];
            if (masks[c] == nullptr) continue;
            const __mmask64 shown = _mm512_movepi8_mask(load_bytes(masks[c] + i, left));
            pixel[c] = _mm512_mask_mov_epi8(masked[x], shown, pixel[c]);
        }
        if constexpr (channels == 1) {
            store_3(pixel[0], pixel[0], pixel[0], left, out + 3 * i);
        } else if constexpr (channels == 3) {
            store_3(pixel[0], pixel[1], pixel[2], left, out + 3 * i);
        } else {
            store_4(pixel[0], pixel[1], pixel[2], pixel[3], left, out + 4 * i);
        }
    }
}

void mask_by_permutes(const std::uint8_t* const* masks, const ByteRun& image,
                      const ImageTable& table, std::uint8_t* out) {
    switch (image.channels) {
        case 1:
            return mask_planes<1>(masks, image, table, out);
        case 3:
            return mask_planes<3>(masks, image, table, out);
        default:
            return mask_planes<4>(masks, image, table, out);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
