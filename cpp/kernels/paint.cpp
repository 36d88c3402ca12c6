#include "kernels/paint.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/paint.simd.hpp"

namespace hotcold {
namespace {

template <typename Entry>
const PaintOps<Entry>& ops();
template <>
const PaintOps<std::uint8_t>& ops<std::uint8_t>() {
    return HOTCOLD_SELECT(paint_8);
}
template <>
const PaintOps<std::uint16_t>& ops<std::uint16_t>() {
    return HOTCOLD_SELECT(paint_16);
}

constexpr double kFixedOne = 0x1p24;

std::uint8_t cut(double value) { return static_cast<std::uint8_t>(value); }

std::uint32_t to_fixed(double value) { return static_cast<std::uint32_t>(value * kFixedOne); }

}  // namespace

ImageTable::ImageTable(double low, double high, double overlay_opacity, double masked_opacity) {
    double fraction[256];
    for (std::size_t i = 0; i < 256; ++i) {
        const double x01 = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        plain[i] = cut(255.0 * x01 + 0.5);
        masked[i] = cut(255.0 * (masked_opacity * x01) + 0.5);
        const double share = 255.0 * ((1.0 - overlay_opacity) * x01);
        whole[i] = cut(share);
        fixed[i] = to_fixed(share);
        fraction[i] = share - std::floor(share);
    }
    std::copy(fraction, fraction + 256, fractions);
    std::sort(fractions, fractions + 256);
    double* const end = std::unique(fractions, fractions + 256);
    n_fractions = static_cast<std::size_t>(end - fractions);
    for (std::size_t i = 0; i < 256; ++i) {
        rank[i] =
            static_cast<std::uint8_t>(std::lower_bound(fractions, end, fraction[i]) - fractions);
    }
}

ColorTable::ColorTable(const double* rgba, std::size_t entries)
    : entries_(entries),
      stride_(std::max<std::size_t>(entries, 256)),
      rgba_(rgba, rgba + 4 * entries),
      bytes_(3 * stride_),
      pixels_(4 * entries) {
    for (std::size_t i = 0; i < entries; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const std::uint8_t byte = cut(rgba[4 * i + c] * 255.0);
            bytes_[c * stride_ + i] = byte;
            pixels_[4 * i + c] = byte;
        }
    }
}

ColorPlanes ColorTable::planes() const {
    return {stride_,       bytes_.data(),     share_.data(), fixed_.data(),
            whole_.data(), threshold_.data(), pixels_.data()};
}

void ColorTable::prepare_overlay(double overlay_opacity) {
    share_.assign(3 * stride_, 0.0f);
    for (std::size_t i = 0; i < entries_; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const double share = 255.0 * (overlay_opacity * rgba_[4 * i + c]) + 0.5;
            share_[c * stride_ + i] = static_cast<float>(share);
        }
    }
}

void ColorTable::prepare_overlay(double overlay_opacity, const ImageTable& image) {
    fixed_.assign(3 * stride_, 0);
    whole_.assign(3 * stride_, 0);
    threshold_.assign(3 * stride_, 0);
    const double* const first = image.fractions;
    const double* const last = image.fractions + image.n_fractions;
    for (std::size_t i = 0; i < entries_; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const double share = 255.0 * (overlay_opacity * rgba_[4 * i + c]) + 0.5;
            const double fraction = share - std::floor(share);
            const std::size_t at = c * stride_ + i;
            fixed_[at] = to_fixed(share);
            // The lowest rank that carries, 0 to 256; ranks above the threshold carry.
            const auto carrying = std::partition_point(
                first, last, [&](double other) { return other + fraction < 1.0; });
            const auto lowest = static_cast<int>(carrying - first);
            // All of them: the carry is the entry's own, and no rank is above 255.
            whole_[at] = static_cast<std::uint8_t>(cut(share) + (lowest == 0 ? 1 : 0));
            threshold_[at] = static_cast<std::uint8_t>(lowest == 0 ? 255 : lowest - 1);
        }
    }
}

template <typename Entry>
void paint_colors(const Entry* entries, std::size_t count, const ColorPlanes& table,
                  std::uint8_t* out) {
    ops<Entry>().colors(entries, count, table, out);
}

template <typename Entry>
void paint_overlay(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                   const ImageTable& shares, std::uint8_t* out) {
    ops<Entry>().overlay(entries, image, table, shares, out);
}

void paint_mask(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                std::uint8_t* out) {
    HOTCOLD_SELECT(paint_bytes).mask(masks, image, table, out);
}

void split_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                  std::uint8_t* const* planes) {
    HOTCOLD_SELECT(paint_bytes).split(pixels, count, channels, planes);
}

void join_planes(const ByteRun& run, std::uint8_t* out) {
    HOTCOLD_SELECT(paint_bytes).join(run, out);
}

#define HOTCOLD_INSTANTIATE(Entry)                                                            \
    template void paint_colors(const Entry*, std::size_t, const ColorPlanes&, std::uint8_t*); \
    template void paint_overlay(const Entry*, const ByteRun&, const ColorPlanes&,             \
                                const ImageTable&, std::uint8_t*);
HOTCOLD_INSTANTIATE(std::uint8_t)
HOTCOLD_INSTANTIATE(std::uint16_t)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
