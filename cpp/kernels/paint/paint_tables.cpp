#include "kernels/paint/paint_tables.hpp"

#include <algorithm>
#include <cmath>

namespace hotcold {
namespace {

constexpr unsigned kFractionBits = 30;
constexpr std::uint64_t kOne = std::uint64_t{1} << kFractionBits;

std::uint8_t cut(double value) { return static_cast<std::uint8_t>(value); }

std::uint64_t in_units(double weighted) {
    return static_cast<std::uint64_t>(std::llround(weighted * static_cast<double>(kOne)));
}

std::uint8_t whole_part(std::uint64_t weighted) {
    return static_cast<std::uint8_t>(weighted >> kFractionBits);
}

std::uint32_t fraction_part(std::uint64_t weighted) {
    return static_cast<std::uint32_t>(weighted & (kOne - 1));
}

// To the next whole number, rounding errors of what is whole aside.
std::uint16_t up_to_16_bits(double value) {
    return static_cast<std::uint16_t>(std::clamp(std::ceil(value - 1e-6), 0.0, 65535.0));
}

constexpr int kMaxGain = 65535;
// Gains on either side of the slope's own that are tried.
constexpr int kGainTries = 2;

}  // namespace

ByteLine::ByteLine(const std::uint8_t* table, double slope) {
    if (!(slope >= 0.0 && slope <= 1.0)) return;
    const auto first = static_cast<int>(std::floor(slope * 65536.0)) - kGainTries;
    for (int g = std::max(first, 0); g <= std::min(first + 2 * kGainTries, kMaxGain); ++g) {
        // The offsets that serve all entries so far.
        int low = 0;
        int high = 65535;
        for (int x = 0; x < 256; ++x) {
            const int product = (x * g) >> 8;
            low = std::max(low, 256 * table[x] - product);
            high = std::min(high, 256 * table[x] + 255 - product);
        }
        // The sum must stay within 16 bits.
        high = std::min(high, 65535 - ((255 * g) >> 8));
        if (low > high) continue;
        exact = true;
        gain = static_cast<std::uint16_t>(g);
        offset = static_cast<std::uint16_t>((low + high) / 2);
        return;
    }
}

ImageTable::ImageTable(double low, double high, double overlay_opacity, double masked_opacity,
                       double background) {
    const double behind = (1.0 - masked_opacity) * background;
    std::uint64_t weighted[256];
    for (std::size_t i = 0; i < 256; ++i) {
        const double x01 = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        plain[i] = cut(255.0 * x01 + 0.5);
        masked[i] = cut(255.0 * std::min(masked_opacity * x01 + behind, 1.0) + 0.5);
        weighted[i] = in_units(255.0 * ((1.0 - overlay_opacity) * x01));
    }
    identity = true;
    halves = true;
    for (std::size_t i = 0; i < 256; ++i) {
        identity = identity && plain[i] == i;
        halves = halves && weighted[i] == i * (kOne / 2);
    }
    rank_fractions(weighted);
    const double slope = 255.0 / (high - low);
    plain_line = ByteLine(plain, slope);
    masked_line = ByteLine(masked, slope * masked_opacity);
    // Rounded up, so that no product falls below the weighted byte's whole part.
    const double share_gain = std::ceil(slope * (1.0 - overlay_opacity) * 65536.0);
    for (int extra = 0; extra < kGainTries; ++extra) {
        const double g = share_gain + extra;
        if (g >= 1.0 && g <= kMaxGain && encode_by(static_cast<std::uint16_t>(g))) return;
    }
    for (std::size_t i = 0; i < 256; ++i) {
        code[i] = static_cast<std::uint16_t>(256 * whole[i] + rank[i]);
        lowest_byte[i] = static_cast<std::uint8_t>(i);
    }
}

void ImageTable::rank_fractions(const std::uint64_t* weighted) {
    for (std::size_t i = 0; i < 256; ++i) {
        whole[i] = whole_part(weighted[i]);
        fractions[i] = fraction_part(weighted[i]);
    }
    std::sort(fractions, fractions + 256);
    std::uint32_t* const end = std::unique(fractions, fractions + 256);
    n_fractions = static_cast<std::size_t>(end - fractions);
    for (std::size_t i = 0; i < 256; ++i) {
        const std::uint32_t* at = std::lower_bound(fractions, end, fraction_part(weighted[i]));
        rank[i] = static_cast<std::uint8_t>(at - fractions);
    }
}

// Whether the products with `gain` will do as codes: right in the upper byte, and bytes of
// different ranks apart and in their order in the lower one.
bool ImageTable::encode_by(std::uint16_t gain) {
    int lowest[256];
    int highest[256];
    std::fill(lowest, lowest + 256, 256);
    std::fill(highest, highest + 256, -1);
    for (std::size_t i = 0; i < 256; ++i) {
        const int product = (static_cast<int>(i) * gain) >> 8;
        if (product >> 8 != whole[i]) return false;
        code[i] = static_cast<std::uint16_t>(product);
        lowest[rank[i]] = std::min(lowest[rank[i]], product & 255);
        highest[rank[i]] = std::max(highest[rank[i]], product & 255);
    }
    for (std::size_t r = 0; r + 1 < n_fractions; ++r) {
        if (highest[r] >= lowest[r + 1]) return false;
    }
    for (std::size_t r = 0; r < n_fractions; ++r) {
        lowest_byte[r] = static_cast<std::uint8_t>(lowest[r]);
    }
    code_gain = gain;
    return true;
}

ColorTable::ColorTable(const double* rgba, std::size_t entries)
    : entries_(entries),
      stride_(std::max<std::size_t>(entries, 256)),
      rgba_(rgba, rgba + 4 * entries),
      alpha_(entries),
      bytes_(3 * stride_),
      pixels_(4 * entries) {
    for (std::size_t i = 0; i < entries; ++i) {
        alpha_[i] = cut(rgba[4 * i + 3] * 255.0);
        translucent_ = translucent_ || rgba[4 * i + 3] < 1.0;
        for (std::size_t c = 0; c < 3; ++c) {
            const std::uint8_t byte = cut(rgba[4 * i + c] * 255.0);
            bytes_[c * stride_ + i] = byte;
            pixels_[4 * i + c] = byte;
        }
    }
}

ColorPlanes ColorTable::planes() const {
    return {stride_,
            bytes_.data(),
            weighted_.data(),
            whole_.data(),
            threshold_.data(),
            codes_.data(),
            pixels_.data(),
            partner_.empty() ? nullptr : partner_.data(),
            partner_pixels_.data(),
            translucent_codes_.empty() ? nullptr : translucent_codes_.data(),
            translucent_halves_.data()};
}

void ColorTable::prepare_overlay(double overlay_opacity) {
    weighted_.assign(3 * stride_, 0.0f);
    image_gain_.assign(entries_, 0.0f);
    for (std::size_t i = 0; i < entries_; ++i) {
        const double opacity = overlay_opacity * rgba_[4 * i + 3];
        image_gain_[i] = static_cast<float>(255.0 * (1.0 - opacity));
        for (std::size_t c = 0; c < 3; ++c) {
            const double weighted = 255.0 * (opacity * rgba_[4 * i + c]) + 0.5;
            weighted_[c * stride_ + i] = static_cast<float>(weighted);
        }
    }
}

void ColorTable::prepare_translucent(double overlay_opacity) {
    translucent_codes_.assign(4 * stride_, 0);
    translucent_halves_.assign(8 * stride_, 0);
    for (std::size_t i = 0; i < entries_; ++i) {
        const double opacity = overlay_opacity * rgba_[4 * i + 3];
        std::uint16_t* const codes = translucent_codes_.data() + 4 * i;
        for (std::size_t c = 0; c < 3; ++c) {
            codes[c] = up_to_16_bits(256.0 * (255.0 * (opacity * rgba_[4 * i + c]) + 0.5));
        }
        // A gain of one is out of reach, but x * 65535 / 65536 + 1 / 2 is cut to x all the same.
        codes[3] = up_to_16_bits(65536.0 * (1.0 - opacity));
        for (std::size_t k = 0; k < 4; ++k) {
            std::uint8_t* const halves = translucent_halves_.data() + 2 * k * stride_ + i;
            halves[0] = static_cast<std::uint8_t>(codes[k] & 255);
            halves[stride_] = static_cast<std::uint8_t>(codes[k] >> 8);
        }
    }
}

void ColorTable::prepare_overlay(double overlay_opacity, const ImageTable& image) {
    if (translucent_) {
        if (image.identity) prepare_translucent(overlay_opacity);
        return;
    }
    whole_.assign(3 * stride_, 0);
    threshold_.assign(3 * stride_, 0);
    codes_.assign(4 * stride_, 0);
    partner_.assign(image.halves ? 3 * stride_ : 0, 0);
    partner_pixels_.assign(image.halves ? 4 * stride_ : 0, 0);
    const std::uint32_t* const first = image.fractions;
    const std::uint32_t* const last = image.fractions + image.n_fractions;
    for (std::size_t i = 0; i < entries_; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const std::uint64_t weighted =
                in_units(255.0 * (overlay_opacity * rgba_[4 * i + c]) + 0.5);
            const std::size_t at = c * stride_ + i;
            // The lowest rank whose fraction reaches one with this entry's.
            const std::uint64_t missing = kOne - fraction_part(weighted);
            const auto lowest =
                static_cast<std::size_t>(std::lower_bound(first, last, missing) - first);
            // All of them: the carry is the entry's own, and no rank is above 255.
            const bool all = lowest == 0;
            whole_[at] = static_cast<std::uint8_t>(whole_part(weighted) + (all ? 1 : 0));
            threshold_[at] = static_cast<std::uint8_t>(all ? 255 : lowest - 1);
            const bool none = lowest == image.n_fractions;
            const unsigned carry = all || none ? 0u : 256u - image.lowest_byte[lowest];
            codes_[4 * i + c] = static_cast<std::uint16_t>(256u * whole_[at] + carry);
            if (!image.halves) continue;
            // Without the half that rounds.
            partner_[at] = whole_part(2 * (weighted - kOne / 2));
            partner_pixels_[4 * i + c] = partner_[at];
        }
    }
}

template <typename Entry>
void ColorTable::paint_rgba(const Entry* entries, std::size_t count, std::uint8_t* out) const {
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t entry = entries[i];
        std::copy_n(pixels_.data() + 4 * entry, 3, out + 4 * i);
        out[4 * i + 3] = alpha_[entry];
    }
}

template <typename T, typename Entry>
void ColorTable::blend(const T* x01, const Entry* entries, std::size_t count, std::size_t channel,
                       std::uint8_t* out) const {
    const float* const colors = weighted(channel);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t entry = entries[i];
        const T image = static_cast<T>(image_gain_[entry]) * x01[i];
        out[i] = static_cast<std::uint8_t>(image + static_cast<T>(colors[entry]));
    }
}

#define HOTCOLD_INSTANTIATE(Entry)                                                         \
    template void ColorTable::paint_rgba(const Entry*, std::size_t, std::uint8_t*) const;  \
    template void ColorTable::blend(const float*, const Entry*, std::size_t, std::size_t,  \
                                    std::uint8_t*) const;                                  \
    template void ColorTable::blend(const double*, const Entry*, std::size_t, std::size_t, \
                                    std::uint8_t*) const;
HOTCOLD_INSTANTIATE(std::uint8_t)
HOTCOLD_INSTANTIATE(std::uint16_t)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
