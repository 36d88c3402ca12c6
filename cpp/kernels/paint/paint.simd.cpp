// Where bytes can be permuted across registers (AVX-512 VBMI), a table of 256 stays in four of them
// and 64 pixels take two permutes and a blend, under half a cycle a pixel. Elsewhere, and for
// longer tables, colours are loaded, one load a pixel, and what becomes of image bytes is a product
// where one gives every entry of the table (it does for the range 0 to 255), else loads too.
#include <cstring>

#include "kernels/paint/paint.ops.hpp"

#if defined(__AVX2__)
#include "kernels/paint/paint_avx2-inl.hpp"
#endif
#if defined(__AVX512VBMI__)
#include "kernels/paint/paint_vbmi-inl.hpp"
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Pixels whose planes are built in L1 before they are interleaved to a picture.
constexpr std::size_t kChunk = 256;

#if !defined(__AVX2__)
// Nothing is done by shuffles.
std::size_t interleave_16s(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*,
                           std::size_t, std::uint8_t*) {
    return 0;
}
std::size_t deinterleave_16s(const std::uint8_t*, std::size_t, std::uint8_t* const*) { return 0; }

template <typename Entry>
std::size_t overlay_16s(const Entry*, const ByteRun&, const std::uint16_t*, std::uint16_t,
                        std::uint8_t*) {
    return 0;
}
template <typename Entry>
std::size_t means_16s(const Entry*, const ByteRun&, const std::uint8_t*, std::uint8_t*) {
    return 0;
}
template <typename Entry>
std::size_t translucent_16s(const Entry*, const ByteRun&, const std::uint16_t*, std::uint8_t*) {
    return 0;
}
template <bool identity>
std::size_t mask_32s(const std::uint8_t*, const std::uint8_t*, std::size_t, const ImageTable&,
                     std::uint8_t*) {
    return 0;
}
#endif

void interleave_3(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b,
                  std::size_t count, std::uint8_t* out) {
    for (std::size_t i = interleave_16s(r, g, b, count, out); i < count; ++i) {
        out[3 * i] = r[i];
        out[3 * i + 1] = g[i];
        out[3 * i + 2] = b[i];
    }
}

// Planes to adjacent pixels; grey where there is one.
void interleave_by_loads(const ByteRun& run, std::uint8_t* out) {
    const auto& planes = run.planes;
    if (run.channels != 4) {
        const bool grey = run.channels == 1;
        return interleave_3(planes[0], planes[grey ? 0 : 1], planes[grey ? 0 : 2], run.count, out);
    }
    for (std::size_t i = 0; i < run.count; ++i) {
        for (std::size_t c = 0; c < 4; ++c) out[4 * i + c] = planes[c][i];
    }
}

// Calls body(start, length, planes) chunk by chunk and interleaves what it leaves in the planes.
template <typename F>
void in_chunks(std::size_t count, std::size_t channels, std::uint8_t* out, const F& body) {
    std::uint8_t planes[kMaxPictureChannels][kChunk];
    for (std::size_t start = 0; start < count; start += kChunk) {
        const std::size_t length = count - start < kChunk ? count - start : kChunk;
        body(start, length, planes);
        const ByteRun run{length, channels, {planes[0], planes[1], planes[2], planes[3]}};
        interleave_by_loads(run, out + start * channels);
    }
}

// Three bytes a pixel of a table of four; count >= 1.
template <typename Entry>
void pixels_by_loads(const Entry* entries, std::size_t count, const std::uint8_t* table,
                     std::uint8_t* out) {
    // Four bytes at a time, the fourth overwritten by the next pixel.
    for (std::size_t i = 0; i + 1 < count; ++i) {
        std::memcpy(out + 3 * i, table + std::size_t{4} * entries[i], 4);
    }
    std::memcpy(out + 3 * (count - 1), table + std::size_t{4} * entries[count - 1], 3);
}

template <typename Entry>
void colors_by_loads(const Entry* entries, std::size_t count, const ColorPlanes& table,
                     std::uint8_t* out) {
    if (count != 0) pixels_by_loads(entries, count, table.pixels, out);
}

// The mean of two bytes, a half rounded up. Compilers know the instruction for it.
inline std::uint8_t mean_of(std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>((a + b + 1) >> 1);
}

// Sets pixels `from` and beyond to color(image byte, entry, channel); alpha is plain.
template <typename Entry, typename F>
void paint_rest(const Entry* entries, const ByteRun& image, const std::uint8_t* alpha,
                std::size_t from, std::uint8_t* out, F color) {
    const ByteRun run = image;  // a copy: bytes written to `out` might be the original's
    const std::size_t channels = run.channels == 4 ? 4 : 3;
    const std::uint8_t* const planes[] = {run.planes[0], run.planes[run.channels == 1 ? 0 : 1],
                                          run.planes[run.channels == 1 ? 0 : 2]};
    for (std::size_t i = from; i < run.count; ++i) {
        const std::size_t at = i * run.step;
        for (std::size_t c = 0; c < 3; ++c) {
            out[channels * i + c] = color(planes[c][at], entries[i], c);
        }
        if (channels < 4) continue;
        const std::uint8_t x = run.planes[3][at];
        out[4 * i + 3] = alpha == nullptr ? x : alpha[x];
    }
}

template <typename Entry>
void means_of_pixels(const Entry* entries, const std::uint8_t* __restrict x, std::size_t count,
                     const std::uint8_t* partners, std::uint8_t* __restrict out) {
    std::uint8_t colors[3 * kChunk];
    pixels_by_loads(entries, count, partners, colors);
    for (std::size_t i = 0; i < 3 * count; ++i) out[i] = mean_of(x[i], colors[i]);
}

template <typename Entry>
void means_by_loads(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                    std::uint8_t* out) {
    const std::uint8_t* partners = table.partner_pixels;
    std::size_t i = means_16s(entries, image, partners, out);
    if (image.channels == 3 && image.step == 3) {
        for (; i < image.count; i += kChunk) {
            const std::size_t length = image.count - i < kChunk ? image.count - i : kChunk;
            means_of_pixels(entries + i, image.planes[0] + 3 * i, length, partners, out + 3 * i);
        }
        return;
    }
    paint_rest(entries, image, nullptr, i, out, [=](std::uint8_t x, Entry entry, std::size_t c) {
        return mean_of(x, partners[std::size_t{4} * entry + c]);
    });
}

// The blended byte is the upper half of the sum of two codes (paint_tables.hpp).
inline std::uint8_t blended(std::uint16_t image, std::uint16_t color) {
    return static_cast<std::uint8_t>((image + color) >> 8);
}

template <typename Entry>
void overlay_by_loads(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                      const ImageTable& image_table, std::uint8_t* out) {
    const std::uint16_t gain = image_table.code_gain;
    const std::uint16_t* const codes = table.codes;
    const std::uint16_t* const image_codes = image_table.code;
    const std::size_t done = gain != 0 ? overlay_16s(entries, image, codes, gain, out) : 0;
    paint_rest(entries, image, image_table.plain, done, out,
               [=](std::uint8_t x, Entry entry, std::size_t c) {
                   return blended(image_codes[x], codes[std::size_t{4} * entry + c]);
               });
}

template <typename Entry>
void translucent_by_loads(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                          std::uint8_t* out) {
    const std::uint16_t* const codes = table.translucent_codes;
    const std::size_t done = translucent_16s(entries, image, codes, out);
    // The byte under an entry's colour that lets `gain` of it through (ColorPlanes).
    paint_rest(entries, image, nullptr, done, out, [=](std::uint8_t x, Entry entry, std::size_t c) {
        const std::uint16_t* color = codes + std::size_t{4} * entry;
        const std::uint32_t seen = (std::uint32_t{x} * color[3]) >> 8;
        return blended(static_cast<std::uint16_t>(seen), color[c]);
    });
}

#if !defined(__AVX512VBMI__)
inline std::uint8_t choose(std::uint8_t mask, std::uint8_t shown, std::uint8_t dark) {
    return static_cast<std::uint8_t>((shown & mask) | (dark & ~mask));
}

void mask_bytes(const std::uint8_t* __restrict mask, const std::uint8_t* __restrict x,
                std::size_t count, const ImageTable& table, std::uint8_t* __restrict out) {
    std::size_t i = 0;
    if (table.plain_line.exact && table.masked_line.exact) {
        i = table.identity ? mask_32s<true>(mask, x, count, table, out)
                           : mask_32s<false>(mask, x, count, table, out);
    }
    for (; i < count; ++i) out[i] = choose(mask[i], table.plain[x[i]], table.masked[x[i]]);
}

void keep_bytes(const std::uint8_t* __restrict kept, const std::uint8_t* __restrict pixels,
                std::size_t count, std::uint8_t* __restrict out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = choose(kept[i], out[i], pixels[i]);
}

void keep_by_loads(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                   std::size_t channels, std::uint8_t* out) {
    std::uint8_t interleaved[kMaxPictureChannels * kChunk];
    for (std::size_t start = 0; start < count; start += kChunk) {
        const std::size_t length = count - start < kChunk ? count - start : kChunk;
        const std::uint8_t* k = kept + start;
        interleave_by_loads({length, channels, {k, k, k, k}}, interleaved);
        keep_bytes(interleaved, pixels + channels * start, channels * length,
                   out + channels * start);
    }
}

// Pixels of three adjacent bytes under masks of their channels.
void mask_pixels(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                 std::uint8_t* out) {
    std::uint8_t interleaved[3 * kChunk];
    for (std::size_t start = 0; start < image.count; start += kChunk) {
        const std::size_t length = image.count - start < kChunk ? image.count - start : kChunk;
        interleave_3(masks[0] + start, masks[1] + start, masks[2] + start, length, interleaved);
        mask_bytes(interleaved, image.planes[0] + 3 * start, 3 * length, table, out + 3 * start);
    }
}

void mask_by_loads(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                   std::uint8_t* out) {
    if (image.channels == 3 && image.step == 3) return mask_pixels(masks, image, table, out);
    const std::size_t channels = image.channels == 4 ? 4 : 3;
    in_chunks(image.count, channels, out, [&](std::size_t start, std::size_t length, auto& planes) {
        for (std::size_t c = 0; c < channels; ++c) {
            const std::size_t from = image.channels == 1 ? 0 : c;
            const std::uint8_t* x = image.planes[from] + start * image.step;
            if (image.step != 1) {
                for (std::size_t i = 0; i < length; ++i) planes[c][i] = x[i * image.step];
                x = planes[c];
            }
            if (masks[from] == nullptr) {
                for (std::size_t i = 0; i < length; ++i) planes[c][i] = table.plain[x[i]];
            } else {
                mask_bytes(masks[from] + start, x, length, table, planes[c]);
            }
        }
    });
}
#endif

// The weights in units of 2^-16; they add up to one, so that equal colours give themselves.
void grey(const std::uint8_t* __restrict red, const std::uint8_t* __restrict green,
          const std::uint8_t* __restrict blue, std::size_t count, std::uint8_t* __restrict out) {
    constexpr std::uint32_t kRed = 13926;
    constexpr std::uint32_t kBlue = 4725;
    constexpr std::uint32_t kGreen = 65536 - kRed - kBlue;  // 46885
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t sum = kRed * red[i] + kGreen * green[i] + kBlue * blue[i];
        out[i] = static_cast<std::uint8_t>((sum + 32768) >> 16);
    }
}

template <std::size_t channels>
void deinterleave_by_loads(const std::uint8_t* pixels, std::size_t count,
                           std::uint8_t* const* planes) {
    const std::size_t done = channels == 3 ? deinterleave_16s(pixels, count, planes) : 0;
    for (std::size_t c = 0; c < channels; ++c) {
        std::uint8_t* plane = planes[c];
        for (std::size_t i = done; i < count; ++i) plane[i] = pixels[channels * i + c];
    }
}

void deinterleave(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                  std::uint8_t* const* planes) {
#if defined(__AVX512VBMI__)
    if (channels == 3) return deinterleave_3_by_permutes(pixels, count, planes);
#endif
    return channels == 3 ? deinterleave_by_loads<3>(pixels, count, planes)
                         : deinterleave_by_loads<4>(pixels, count, planes);
}

}  // namespace

#if defined(__AVX512VBMI__)
const PaintOps<std::uint8_t> paint_8 = {colors_by_permutes, false, overlay_by_permutes,
                                        means_by_permutes, translucent_by_permutes};
const ByteOps paint_bytes = {true, mask_by_permutes, keep_by_permutes,
                             grey, deinterleave,     interleave_by_permutes};
#else
const PaintOps<std::uint8_t> paint_8 = {
    colors_by_loads<std::uint8_t>, true, overlay_by_loads<std::uint8_t>,
    means_by_loads<std::uint8_t>, translucent_by_loads<std::uint8_t>};
const ByteOps paint_bytes = {true, mask_by_loads, keep_by_loads,
                             grey, deinterleave,  interleave_by_loads};
#endif
const PaintOps<std::uint16_t> paint_16 = {
    colors_by_loads<std::uint16_t>, true, overlay_by_loads<std::uint16_t>,
    means_by_loads<std::uint16_t>, translucent_by_loads<std::uint16_t>};

}  // namespace hotcold::HOTCOLD_LEVEL
