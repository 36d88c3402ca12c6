// Painting of the fused pass: the image under a mask.
#include "kernels/paint/colorize.hpp"
#include "kernels/percentile/mask_limit.hpp"
#include "kernels/percentile/percentile.hpp"
#include "kernels/render/renderer.hpp"

namespace hotcold {

template <typename T>
void Renderer<T>::mask(std::size_t item, T* map, const Missing& missing, Workspace& workspace,
                       const Team& team) {
    const T* measured = map;
    std::size_t count = planes_ * plane_;
    std::vector<T> present;
    if (!missing.empty()) {
        present = present_values(map, missing.data(), count);
        measured = present.data();
        count = present.size();
        fill_missing(map, missing, value_of_missing(present, team));
    }
    if (plan_.opacity == Opacity::kMap) {
        Scale<T> scale;
        fit_scales(measured, 1, count, Normalization::kZeroOne, &scale, team);
        mask_numbers(
            item, team,
            [&](const T* run, std::size_t n, T* opacity) {
                apply_scale(run, n, scale, opacity, Team(1));
            },
            map);
        return;
    }
    const T limit = mask_limit(measured, count, plan_.sign == Sign::kPositive, plan_.threshold,
                               workspace.take<T>(count), team);
    if (byte_image_ && picture_ != nullptr) mask_bytes(item, map, limit, team);
    if (byte_image_ && values_ == nullptr) return;
    const T masked = static_cast<T>(plan_.masked_opacity);
    mask_numbers(
        item, team,
        [&](const T* run, std::size_t n, T* opacity) {
            mask_above(run, n, limit, masked, opacity, Team(1));
        },
        map);
}

template <typename T>
std::size_t Renderer<T>::plane_for(std::size_t channel) const {
    if (planes_ > 1) return channel;
    return image_->shape.channels == 4 && channel < 3 ? kNoPlane : 0;
}

// Comparing and painting in one pass, the comparisons' bits tripled by pdep and used as masks,
// takes 7.0 us instead of 8.1 for 224x224 pixels with AVX-512 (2026-11): too little for code of its
// own.
template <typename T>
void Renderer<T>::mask_bytes(std::size_t item, const T* map, T limit, const Team& team) const {
    const ImageReader reader(*image_, item);
    for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
        std::uint8_t above[kMaxPictureChannels][kRun];
        const std::uint8_t* masks[kMaxPictureChannels] = {};
        for (std::size_t p = 0; p < planes_; ++p) {
            above_run(map + p * plane_ + row * columns() + column, count, limit, above[p]);
        }
        for (std::size_t c = 0; c < image_->shape.channels; ++c) {
            masks[c] = plane_for(c) == kNoPlane ? nullptr : above[plane_for(c)];
        }
        std::uint8_t planes[kMaxPictureChannels][kRun];
        paint_mask(masks, reader.bytes(row, column, count, planes), plan_.image_table,
                   pixels(item, row, column));
    });
}

// Opacity times image as numbers. opacity_of(map run, count, out) makes the opacity.
template <typename T>
template <typename F>
void Renderer<T>::mask_numbers(std::size_t item, const Team& team, const F& opacity_of,
                               const T* map) {
    // A byte image's picture was made from its bytes, unless the map itself is the opacity.
    const bool paint =
        picture_ != nullptr && !(byte_image_ && plan_.opacity == Opacity::kPercentile);
    for_image_runs(item, team, [&](std::size_t row, std::size_t column, NumberRun<T>& run) {
        T opacity[kRun];
        BytePlanes bytes(run.count, run.channels);
        for (std::size_t c = 0; c < run.channels; ++c) {
            T* x = run.planes[c];
            if (plane_for(c) != kNoPlane) {
                if (c == 0 || planes_ > 1 || run.channels == 4) {
                    opacity_of(map + plane_for(c) * plane_ + row * columns() + column, run.count,
                               opacity);
                }
                multiply_run(opacity, x, run.count, x);
            }
            if (values_ != nullptr) {
                const std::ptrdiff_t stride = values_->strides.column;
                store_run(x, run.count,
                          values_->at(item, c, row) + static_cast<std::ptrdiff_t>(column) * stride,
                          stride);
            }
            if (paint) bytes_run(x, run.count, Limits<T>{}, bytes.planes[c]);
        }
        if (paint) interleave_planes(bytes.run(), pixels(item, row, column));
    });
}

#define HOTCOLD_INSTANTIATE(T) \
    template void Renderer<T>::mask(std::size_t, T*, const Missing&, Workspace&, const Team&);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
