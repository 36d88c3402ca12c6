// What the fused pass does about NaN and infinities that a plan takes as missing: they set no
// scale, count as 0 in a blur, and are drawn as the plan says. Only items that hold some come here,
// so that memory is allocated and passes are made without care for their cost.
#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/render/renderer.hpp"

namespace hotcold {
namespace {

// Flags of one size for another: those of the nearest pixel.
void mark_nearest(const std::uint8_t* flags, const Shape& from, const Shape& to,
                  std::uint8_t* out) {
    for (std::size_t y = 0; y < to.rows; ++y) {
        const std::uint8_t* const row =
            flags + (2 * y + 1) * from.rows / (2 * to.rows) * from.columns;
        for (std::size_t x = 0; x < to.columns; ++x) {
            *out++ = row[(2 * x + 1) * from.columns / (2 * to.columns)];
        }
    }
}

}  // namespace

template <typename T>
void Renderer<T>::load_around_missing(std::size_t item, T* map, const Scratch& scratch,
                                      const Team& team, Missing& missing) const {
    const std::size_t small_plane = attributions_.shape.plane();
    missing.assign(planes_ * plane_, 0);
    std::vector<std::uint8_t> flags(small_plane);
    for (std::size_t c = 0; c < planes_; ++c) {
        T* const plane = map + c * plane_;
        T* const small = resize_.is_identity() ? plane : scratch.small + c * small_plane;
        std::fill(flags.begin(), flags.end(), std::uint8_t{0});
        const bool reduced = plan_.reduction != Reduction::kNone;
        for (std::size_t k = 0; k < (reduced ? attributions_.shape.channels : 1); ++k) {
            mark_missing(attributions_, item, reduced ? k : c, flags.data());
        }
        plane_of(item, c).read(small, team);
        for (std::size_t i = 0; i < small_plane; ++i) {
            if (flags[i] != 0) small[i] = T{0};
        }
        if (!resize_.is_identity()) resize_.apply(small, plane, scratch.resize, team);
        mark_nearest(flags.data(), attributions_.shape, shape_, missing.data() + c * plane_);
        blur_.apply(plane, scratch.blur, team);
    }
}

template <typename T>
std::vector<T> Renderer<T>::fit_present(const T* map, const Missing& missing, Scale<T>* scales,
                                        const Team& team) const {
    const std::size_t count = planes_ * plane_;
    if (plan_.normalization != Normalization::kMagnitudeSum &&
        plan_.normalization != Normalization::kSignedSum) {
        std::vector<T> present = present_values(map, missing.data(), count);
        fit_scales(present.data(), 1, present.size(), plan_.normalization, scales, team);
        std::fill(scales + 1, scales + planes_, scales[0]);
        return present;
    }
    std::vector<T> present;
    for (std::size_t c = 0; c < planes_; ++c) {
        present = present_values(map + c * plane_, missing.data() + c * plane_, plane_);
        fit_scales(present.data(), 1, present.size(), plan_.normalization, scales + c, team);
    }
    return present;
}

template <typename T>
T Renderer<T>::value_of_missing(const std::vector<T>& present, const Team& team) const {
    const bool masks = plan_.paint == Paint::kMask;
    const bool hides = plan_.nonfinite == NonFinitePolicy::kTransparent;
    if (masks && plan_.opacity == Opacity::kPercentile) {
        return hides ? std::numeric_limits<T>::lowest() : T{0};
    }
    if (!masks && plan_.normalization != Normalization::kZeroOne) return T{0};
    const Extremes<T> range = extremes(present.data(), present.size(), team);
    if (masks && hides) return range.min;
    // The zero of a range without 0 is the end nearest to it: no value leaves [0, 1].
    return std::clamp(T{0}, range.min, range.max);
}

template <typename T>
void Renderer<T>::fill_missing(T* map, const Missing& missing, T value) const {
    for (std::size_t i = 0; i < missing.size(); ++i) {
        if (missing[i] != 0) map[i] = value;
    }
}

template <typename T>
void Renderer<T>::uncover_missing(std::size_t item, const Missing& missing, const Team& team) {
    if (picture_ == nullptr || plan_.nonfinite != NonFinitePolicy::kTransparent) return;
    const auto is_missing = [&](std::size_t row, std::size_t column) {
        bool found = false;
        for (std::size_t c = 0; c < planes_; ++c) {
            found = found || missing[c * plane_ + row * columns() + column] != 0;
        }
        return found;
    };
    const std::size_t channels = picture_->channels;
    if (plan_.paint != Paint::kOverlay) {
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            std::uint8_t* out = pixels(item, row, column);
            for (std::size_t i = 0; i < count; ++i) {
                if (is_missing(row, column + i)) std::memset(out + i * channels, 0, channels);
            }
        });
        return;
    }
    for_image_runs(item, team, [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
        BytePlanes bytes(x01.count, x01.channels);
        for (std::size_t c = 0; c < x01.channels; ++c) {
            bytes_run(x01.planes[c], x01.count, Limits<T>{}, bytes.planes[c]);
        }
        std::uint8_t image[kMaxPictureChannels * kRun];
        interleave_planes(bytes.run(), image);
        std::uint8_t* out = pixels(item, row, column);
        for (std::size_t i = 0; i < x01.count; ++i) {
            if (!is_missing(row, column + i)) continue;
            std::memcpy(out + i * channels, image + i * channels, channels);
        }
    });
}

#define HOTCOLD_INSTANTIATE(T)                                                                   \
    template void Renderer<T>::load_around_missing(std::size_t, T*, const Scratch&, const Team&, \
                                                   Missing&) const;                              \
    template std::vector<T> Renderer<T>::fit_present(const T*, const Missing&, Scale<T>*,        \
                                                     const Team&) const;                         \
    template T Renderer<T>::value_of_missing(const std::vector<T>&, const Team&) const;          \
    template void Renderer<T>::fill_missing(T*, const Missing&, T) const;                        \
    template void Renderer<T>::uncover_missing(std::size_t, const Missing&, const Team&);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
