#include "kernels/render/render_image.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <vector>

#include "kernels/load/load.hpp"
#include "kernels/load/missing.hpp"
#include "kernels/normalize/normalize.hpp"
#include "runtime/integers.hpp"

namespace hotcold {

const std::byte* ImageReader::at(std::size_t channel, std::size_t row, std::size_t column) const {
    const auto size = static_cast<std::ptrdiff_t>(image_.item_size);
    return static_cast<const std::byte*>(image_.at(item_, channel, row)) +
           static_cast<std::ptrdiff_t>(column) * image_.strides.column * size;
}

SourceView ImageReader::run_view(std::size_t row, std::size_t column, std::size_t count) const {
    SourceView run = image_;
    run.shape.rows = 1;
    run.shape.columns = count;
    run.data = at(0, row, column);
    return run;
}

template <typename T>
std::size_t ImageReader::numbers(std::size_t row, std::size_t column, std::size_t count,
                                 T (&planes)[kMaxPictureChannels][kRun]) const {
    const SourceView run = run_view(row, column, count);
    std::size_t bad = 0;
    for (std::size_t c = 0; c < image_.shape.channels; ++c) {
        bad += load_channel(run, 0, channel_of(c), planes[c], Team(1));
    }
    return bad;
}

ByteRun ImageReader::bytes(std::size_t row, std::size_t column, std::size_t count,
                           std::uint8_t (&planes)[kMaxPictureChannels][kRun]) const {
    const std::size_t channels = image_.shape.channels;
    const std::ptrdiff_t step = image_.strides.column;
    ByteRun run;
    run.count = count;
    run.channels = channels;
    const bool pixels = channels > 1 && image_.strides.channel == 1 &&
                        step == static_cast<std::ptrdiff_t>(channels);
    const auto bytes_at = [&](std::size_t channel) {
        return reinterpret_cast<const std::uint8_t*>(at(channel, row, column));
    };
    const bool swaps = channels > 1 && channel_of(0) != 0;
    // Pixels in another order than the picture's are no pixels to paint.hpp.
    if (step == 1 || (pixels && !swaps)) {
        for (std::size_t c = 0; c < channels; ++c) run.planes[c] = bytes_at(channel_of(c));
        run.step = static_cast<std::size_t>(step);
        return run;
    }
    for (std::size_t c = 0; c < channels; ++c) run.planes[c] = planes[c];
    if (pixels) {
        std::uint8_t* const targets[kMaxPictureChannels] = {planes[2], planes[1], planes[0],
                                                            planes[3]};
        deinterleave_pixels(bytes_at(0), count, channels, targets);
        return run;
    }
    for (std::size_t c = 0; c < channels; ++c) {
        const std::uint8_t* from = bytes_at(channel_of(c));
        for (std::size_t i = 0; i < count; ++i) {
            planes[c][i] = from[static_cast<std::ptrdiff_t>(i) * step];
        }
    }
    return run;
}

template <typename T>
T ImageReader::opaque() const {
    switch (image_.type) {
        case ScalarType::kBool:
        case ScalarType::kFloat16:
        case ScalarType::kFloat32:
        case ScalarType::kFloat64:
            return T{1};
        case ScalarType::kUint16:
            return T{65535};
        default:
            return T{255};
    }
}

template <typename T>
Extremes<T> ImageReader::run_extremes(std::size_t row, std::size_t column,
                                      std::size_t count) const {
    const SourceView run = run_view(row, column, count);
    Extremes<T> all{std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
    for (std::size_t c = 0; c < colors(); ++c) {
        T plane[kRun];
        if (load_channel(run, 0, c, plane, Team(1)) != 0) {
            std::uint8_t flags[kRun] = {};
            mark_missing(run, 0, c, flags);
            if (std::count(flags, flags + count, std::uint8_t{0}) == 0) continue;
            const std::vector<T> present = present_values(plane, flags, count);
            std::copy(present.begin(), present.end(), plane);
            std::fill(plane + present.size(), plane + count, present[0]);
        }
        const Extremes<T> part = extremes(plane, count, Team(1));
        all.min = std::min(all.min, part.min);
        all.max = std::max(all.max, part.max);
    }
    return all;
}

template <typename T>
ImageScale<T> ImageReader::own_scale(const Team& team) const {
    const Shape& shape = image_.shape;
    Extremes<T> all{std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
    const auto* in_place = static_cast<const T*>(image_.at(item_, 0, 0));
    const bool gapless = is_planar(shape, image_.strides) ||
                         (shape.channels != 4 && is_interleaved(shape, image_.strides));
    if (holds_type<T>(image_) && gapless && all_finite(in_place, colors() * shape.plane(), team)) {
        all = extremes(in_place, colors() * shape.plane(), team);
    } else {
        std::mutex mutex;
        const std::size_t step = rows_per_block(shape.columns);
        team.for_each(ceil_div(shape.rows, step), [&](std::size_t block) {
            for_runs(block * step, std::min(shape.rows, (block + 1) * step), shape.columns,
                     rows_adjoin(shape, image_.strides),
                     [&](std::size_t row, std::size_t column, std::size_t count) {
                         const Extremes<T> run = run_extremes<T>(row, column, count);
                         const std::lock_guard<std::mutex> lock(mutex);
                         all.min = std::min(all.min, run.min);
                         all.max = std::max(all.max, run.max);
                     });
        });
    }
    if (!(all.min < all.max)) return {T{1}, T{0}, opaque<T>()};
    // The `01` normalization's rule, which also keeps the largest numbers finite.
    const Scale<T> scale = fit_extremes(all, Normalization::kZeroOne);
    return {scale.prescale, scale.low, scale.positive_divisor};
}

template <typename T>
bool ImageReader::is_finite(const Team& team) const {
    const Shape& shape = image_.shape;
    if (image_.type < ScalarType::kFloat16) return true;
    std::atomic<bool> finite{true};
    const std::size_t step = rows_per_block(shape.columns);
    team.for_each(ceil_div(shape.rows, step), [&](std::size_t block) {
        T planes[kMaxPictureChannels][kRun];
        for_runs(block * step, std::min(shape.rows, (block + 1) * step), shape.columns,
                 rows_adjoin(shape, image_.strides),
                 [&](std::size_t row, std::size_t column, std::size_t count) {
                     if (numbers(row, column, count, planes) != 0) finite = false;
                 });
    });
    return finite;
}

#define HOTCOLD_INSTANTIATE(T)                                                        \
    template std::size_t ImageReader::numbers(std::size_t, std::size_t, std::size_t,  \
                                              T(&)[kMaxPictureChannels][kRun]) const; \
    template T ImageReader::opaque() const;                                           \
    template ImageScale<T> ImageReader::own_scale(const Team&) const;                 \
    template bool ImageReader::is_finite<T>(const Team&) const;
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
