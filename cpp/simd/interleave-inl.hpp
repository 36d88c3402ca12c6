// 64 pixels of planes interleaved to pixels and back: for paint_vbmi-inl.hpp.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Byte masks for what is left of a run: bytes [0, left) of a vector.
inline __mmask64 first_bytes(std::size_t left) {
    return left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
}

inline std::size_t beyond(std::size_t left, std::size_t used) {
    return left > used ? left - used : 0;
}

// Patterns for byte j of the k-th vector of interleaved pixels; an index of 64 and above means the
// second source.

struct Interleave3 {
    // From R and G: pixel for R, 64 + pixel for G, anything for B; and B's pixel where j is B's.
    alignas(64) std::uint8_t red_green[3][64];
    alignas(64) std::uint8_t pixel[3][64];
    std::uint64_t blue[3];
    // Deinterleaving: byte 3 i + c among the first two vectors, or beyond them in the third.
    alignas(64) std::uint8_t first_two[3][64];
    alignas(64) std::uint8_t third[3][64];
    std::uint64_t in_third[3];

    constexpr Interleave3() : red_green(), pixel(), blue(), first_two(), third(), in_third() {
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
constexpr Interleave3 kInterleave3;

// The same for four planes, from R and G, or B and A.
struct Interleave4 {
    alignas(64) std::uint8_t pairs[4][64];

    constexpr Interleave4() : pairs() {
        for (unsigned k = 0; k < 4; ++k) {
            for (unsigned j = 0; j < 64; ++j) {
                pairs[k][j] = static_cast<std::uint8_t>(16 * k + j / 4 + (j % 2) * 64);
            }
        }
    }
};
constexpr Interleave4 kInterleave4;

inline __m512i pattern(const std::uint8_t (&bytes)[64]) { return _mm512_load_si512(bytes); }

// The k-th of three, or four, vectors of interleaved pixels.
inline __m512i interleaved_3(__m512i r, __m512i g, __m512i b, unsigned k) {
    const __m512i rg = _mm512_permutex2var_epi8(r, pattern(kInterleave3.red_green[k]), g);
    return _mm512_mask_permutexvar_epi8(rg, kInterleave3.blue[k], pattern(kInterleave3.pixel[k]),
                                        b);
}

// interleaved_3(v, v, v, k).
inline __m512i repeated_3(__m512i v, unsigned k) {
    return _mm512_mask_permutexvar_epi8(v, ~__mmask64{0}, pattern(kInterleave3.pixel[k]), v);
}

inline __m512i interleaved_4(__m512i r, __m512i g, __m512i b, __m512i a, unsigned k) {
    constexpr __mmask64 kBlueAlpha = 0xccccccccccccccccu;
    const __m512i pairs = pattern(kInterleave4.pairs[k]);
    const __m512i rg = _mm512_permutex2var_epi8(r, pairs, g);
    const __m512i ba = _mm512_permutex2var_epi8(b, pairs, a);
    return _mm512_mask_mov_epi8(rg, kBlueAlpha, ba);
}

// Bytes [64 k, 64 k + 64) of the `left` that remain at `out`, or as many as there are; and of those
// to be read.
inline void store_part(__m512i bytes, std::size_t left, unsigned k, std::uint8_t* out) {
    if (left >= 64 * (k + 1)) {
        _mm512_storeu_si512(out + 64 * k, bytes);
    } else {
        _mm512_mask_storeu_epi8(out + 64 * k, first_bytes(beyond(left, 64 * k)), bytes);
    }
}

inline __m512i load_part(const std::uint8_t* from, std::size_t left, unsigned k) {
    return left >= 64 * (k + 1)
               ? _mm512_loadu_si512(from + 64 * k)
               : _mm512_maskz_loadu_epi8(first_bytes(beyond(left, 64 * k)), from + 64 * k);
}

// `left` pixels, up to 64.
inline void store_3(__m512i r, __m512i g, __m512i b, std::size_t left, std::uint8_t* out) {
    for (unsigned k = 0; k < 3; ++k) store_part(interleaved_3(r, g, b, k), 3 * left, k, out);
}

inline void store_4(__m512i r, __m512i g, __m512i b, __m512i a, std::size_t left,
                    std::uint8_t* out) {
    for (unsigned k = 0; k < 4; ++k) store_part(interleaved_4(r, g, b, a, k), 4 * left, k, out);
}

inline __m512i load_bytes(const std::uint8_t* from, std::size_t left) {
    return left >= 64 ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(first_bytes(left), from);
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
