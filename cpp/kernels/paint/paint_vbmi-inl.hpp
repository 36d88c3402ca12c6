// Tables in registers: the AVX-512 VBMI part of paint.simd.cpp, which alone includes it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/paint/paint.ops.hpp"
#include "simd/interleave-inl.hpp"
#include "simd/lookup-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

void deinterleave_3_by_permutes(const std::uint8_t* pixels, std::size_t count,
                                std::uint8_t* const* planes) {
    for (std::size_t i = 0; i < count; i += 64) {
        const std::size_t left = count - i;
        const std::uint8_t* from = pixels + 3 * i;
        const __m512i v0 = load_bytes(from, 3 * left);
        const __m512i v1 = load_bytes(from + 64, beyond(3 * left, 64));
        const __m512i v2 = load_bytes(from + 128, beyond(3 * left, 128));
        for (unsigned c = 0; c < 3; ++c) {
            const __m512i two =
                _mm512_permutex2var_epi8(v0, pattern(kInterleave3.first_two[c]), v1);
            const __m512i all = _mm512_mask_permutexvar_epi8(two, kInterleave3.in_third[c],
                                                             pattern(kInterleave3.third[c]), v2);
            _mm512_mask_storeu_epi8(planes[c] + i, first_bytes(left), all);
        }
    }
}

void interleave_by_permutes(const ByteRun& run, std::uint8_t* out) {
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
    const Lookup red(table.bytes);
    const Lookup green(table.bytes + table.stride);
    const Lookup blue(table.bytes + 2 * table.stride);
    for (std::size_t i = 0; i < count; i += 64) {
        const __m512i entry = load_bytes(entries + i, count - i);
        store_3(red(entry), green(entry), blue(entry), count - i, out + 3 * i);
    }
}

// The sum of two weighted bytes; see ColorPlanes.
inline __m512i add_weighted(__m512i whole, __m512i rank, __m512i color, __m512i threshold) {
    const __m512i sum = _mm512_add_epi8(whole, color);
    const __mmask64 carry = _mm512_cmpgt_epu8_mask(rank, threshold);
    return _mm512_mask_sub_epi8(sum, carry, sum, _mm512_set1_epi8(-1));
}

template <std::size_t channels>
void overlay_planes(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                    const ImageTable& image_table, std::uint8_t* out) {
    constexpr std::size_t kOut = channels == 4 ? 4 : 3;
    const Lookup whole(image_table.whole);
    const Lookup rank(image_table.rank);
    const Lookup plain(image_table.plain);
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        const __m512i entry = load_bytes(entries + i, left);
        __m512i pixel[4];
        for (std::size_t c = 0; c < 3; ++c) {
            const __m512i x = load_bytes(image.planes[channels == 1 ? 0 : c] + i, left);
            pixel[c] =
                add_weighted(whole(x), rank(x), Lookup(table.whole + c * table.stride)(entry),
                             Lookup(table.threshold + c * table.stride)(entry));
        }
        if constexpr (channels == 4) {
            pixel[3] = plain(load_bytes(image.planes[3] + i, left));
            store_4(pixel[0], pixel[1], pixel[2], pixel[3], left, out + kOut * i);
        } else {
            store_3(pixel[0], pixel[1], pixel[2], left, out + kOut * i);
        }
    }
}

void overlay_by_permutes(const std::uint8_t* entries, const ByteRun& image,
                         const ColorPlanes& table, const ImageTable& image_table,
                         std::uint8_t* out) {
    switch (image.channels) {
        case 1:
            return overlay_planes<1>(entries, image, table, image_table, out);
        case 3:
            return overlay_planes<3>(entries, image, table, image_table, out);
        default:
            return overlay_planes<4>(entries, image, table, image_table, out);
    }
}

// Means of image bytes and the entries' partners (ColorPlanes), pixels as they lie.
template <std::size_t channels>
void mean_pixels(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                 std::uint8_t* out) {
    constexpr __mmask64 kAlpha = 0x8888888888888888u;
    const Lookup red(table.partner);
    const Lookup green(table.partner + table.stride);
    const Lookup blue(table.partner + 2 * table.stride);
    for (std::size_t i = 0; i < image.count; i += 64) {
        const __m512i entry = load_bytes(entries + i, image.count - i);
        const __m512i r = red(entry);
        const __m512i g = green(entry);
        const __m512i b = blue(entry);
        const std::uint8_t* from = image.planes[0] + channels * i;
        const std::size_t left = channels * (image.count - i);
        for (unsigned k = 0; k < channels; ++k) {
            const __m512i x = load_part(from, left, k);
            if constexpr (channels == 4) {
                const __m512i mean = _mm512_avg_epu8(x, interleaved_4(r, g, b, b, k));
                store_part(_mm512_mask_mov_epi8(mean, kAlpha, x), left, k, out + 4 * i);
            } else {
                store_part(_mm512_avg_epu8(x, interleaved_3(r, g, b, k)), left, k, out + 3 * i);
            }
        }
    }
}

template <std::size_t channels>
void mean_planes(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                 std::uint8_t* out) {
    constexpr std::size_t kOut = channels == 4 ? 4 : 3;
    const Lookup color[3] = {Lookup(table.partner), Lookup(table.partner + table.stride),
                             Lookup(table.partner + 2 * table.stride)};
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        const __m512i entry = load_bytes(entries + i, left);
        __m512i mean[3];
        for (std::size_t c = 0; c < 3; ++c) {
            const __m512i x = load_bytes(image.planes[channels == 1 ? 0 : c] + i, left);
            mean[c] = _mm512_avg_epu8(x, color[c](entry));
        }
        if constexpr (channels == 4) {
            store_4(mean[0], mean[1], mean[2], load_bytes(image.planes[3] + i, left), left,
                    out + kOut * i);
        } else {
            store_3(mean[0], mean[1], mean[2], left, out + kOut * i);
        }
    }
}

void means_by_permutes(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                       std::uint8_t* out) {
    const bool pixels = image.step != 1;
    switch (image.channels) {
        case 1:
            return mean_planes<1>(entries, image, table, out);
        case 3:
            return pixels ? mean_pixels<3>(entries, image, table, out)
                          : mean_planes<3>(entries, image, table, out);
        default:
            return pixels ? mean_pixels<4>(entries, image, table, out)
                          : mean_planes<4>(entries, image, table, out);
    }
}

// Bytes of 64 entries' 16 bits, as the lower and the upper 8 of each register's halves.
struct Halves {
    Halves(const std::uint8_t* table, std::size_t stride, __m512i entry) {
        const __m512i lower = Lookup(table)(entry);
        const __m512i upper = Lookup(table + stride)(entry);
        low = _mm512_unpacklo_epi8(lower, upper);
        high = _mm512_unpackhi_epi8(lower, upper);
    }

    __m512i low;
    __m512i high;
};

// Bytes that show `gain` of the image's under a colour; see ColorPlanes.
inline __m512i seen_through_by_permutes(__m512i x, const Halves& gain, const Halves& code) {
    const __m512i zero = _mm512_setzero_si512();
    const __m512i low = _mm512_mulhi_epu16(_mm512_unpacklo_epi8(zero, x), gain.low);
    const __m512i high = _mm512_mulhi_epu16(_mm512_unpackhi_epi8(zero, x), gain.high);
    return _mm512_packus_epi16(_mm512_srli_epi16(_mm512_add_epi16(low, code.low), 8),
                               _mm512_srli_epi16(_mm512_add_epi16(high, code.high), 8));
}

template <std::size_t channels>
void translucent_planes(const std::uint8_t* entries, const ByteRun& image, const ColorPlanes& table,
                        std::uint8_t* out) {
    constexpr std::size_t kOut = channels == 4 ? 4 : 3;
    const std::uint8_t* const halves = table.translucent_halves;
    const std::size_t stride = table.stride;
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        const __m512i entry = load_bytes(entries + i, left);
        const Halves gain(halves + 6 * stride, stride, entry);
        __m512i pixel[3];
        for (std::size_t c = 0; c < 3; ++c) {
            const __m512i x = load_bytes(image.planes[channels == 1 ? 0 : c] + i, left);
            const Halves code(halves + 2 * c * stride, stride, entry);
            pixel[c] = seen_through_by_permutes(x, gain, code);
        }
        if constexpr (channels == 4) {
            store_4(pixel[0], pixel[1], pixel[2], load_bytes(image.planes[3] + i, left), left,
                    out + kOut * i);
        } else {
            store_3(pixel[0], pixel[1], pixel[2], left, out + kOut * i);
        }
    }
}

void translucent_by_permutes(const std::uint8_t* entries, const ByteRun& image,
                             const ColorPlanes& table, std::uint8_t* out) {
    switch (image.channels) {
        case 1:
            return translucent_planes<1>(entries, image, table, out);
        case 3:
            return translucent_planes<3>(entries, image, table, out);
        default:
            return translucent_planes<4>(entries, image, table, out);
    }
}

template <std::size_t channels>
void keep_pixels_of(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                    std::uint8_t* out) {
    for (std::size_t i = 0; i < count; i += 64) {
        const __m512i mask = load_bytes(kept + i, count - i);
        const std::size_t left = channels * (count - i);
        for (unsigned k = 0; k < channels; ++k) {
            const __m512i spread =
                channels == 4 ? interleaved_4(mask, mask, mask, mask, k) : repeated_3(mask, k);
            const __m512i before = load_part(out + channels * i, left, k);
            const __m512i under = load_part(pixels + channels * i, left, k);
            store_part(_mm512_mask_mov_epi8(under, _mm512_movepi8_mask(spread), before), left, k,
                       out + channels * i);
        }
    }
}

void keep_by_permutes(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                      std::size_t channels, std::uint8_t* out) {
    channels == 4 ? keep_pixels_of<4>(kept, pixels, count, out)
                  : keep_pixels_of<3>(kept, pixels, count, out);
}

// What is shown where the mask is 255, and where it is 0.
struct Shades {
    explicit Shades(const ImageTable& table)
        : plain(table.plain), masked(table.masked), identity(table.identity) {}

    __m512i of(__m512i x, __m512i mask) const {
        const __m512i shown = identity ? x : plain(x);
        return _mm512_mask_mov_epi8(masked(x), _mm512_movepi8_mask(mask), shown);
    }

    Lookup plain;
    Lookup masked;
    bool identity;
};

// Bytes 255 where the channel has no mask.
inline __m512i load_mask(const std::uint8_t* mask, std::size_t at, std::size_t left) {
    return mask == nullptr ? _mm512_set1_epi8(-1) : load_bytes(mask + at, left);
}

template <std::size_t channels>
void mask_pixels(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                 std::uint8_t* out) {
    const Shades shades(table);
    const bool one_mask = masks[0] == masks[1] && masks[1] == masks[2];
    for (std::size_t i = 0; i < image.count; i += 64) {
        __m512i mask[channels];
        for (std::size_t c = 0; c < channels; ++c) {
            mask[c] = load_mask(masks[c], i, image.count - i);
        }
        const std::uint8_t* from = image.planes[0] + channels * i;
        const std::size_t left = channels * (image.count - i);
        for (unsigned k = 0; k < channels; ++k) {
            __m512i interleaved;
            if constexpr (channels == 4) {
                interleaved = interleaved_4(mask[0], mask[1], mask[2], mask[3], k);
            } else if (one_mask) {
                interleaved = repeated_3(mask[0], k);
            } else {
                interleaved = interleaved_3(mask[0], mask[1], mask[2], k);
            }
            store_part(shades.of(load_part(from, left, k), interleaved), left, k,
                       out + channels * i);
        }
    }
}

template <std::size_t channels>
void mask_planes(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                 std::uint8_t* out) {
    const Shades shades(table);
    for (std::size_t i = 0; i < image.count; i += 64) {
        const std::size_t left = image.count - i;
        __m512i pixel[channels];
        for (std::size_t c = 0; c < channels; ++c) {
            pixel[c] =
                shades.of(load_bytes(image.planes[c] + i, left), load_mask(masks[c], i, left));
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
    const bool pixels = image.step != 1;
    switch (image.channels) {
        case 1:
            return mask_planes<1>(masks, image, table, out);
        case 3:
            return pixels ? mask_pixels<3>(masks, image, table, out)
                          : mask_planes<3>(masks, image, table, out);
        default:
            return pixels ? mask_pixels<4>(masks, image, table, out)
                          : mask_planes<4>(masks, image, table, out);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
