// The mean over channels. A part of load.simd.cpp, which alone includes it.
#pragma once

#include "kernels/load/load.ops.hpp"
#include "kernels/load/load_values-inl.hpp"
#include "runtime/interrupt.hpp"
#include "simd/divide-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Some pixels of one row.
template <typename Source>
struct Pixels {
    const Source* data;
    std::size_t channels;
    std::ptrdiff_t channel_stride;
    std::ptrdiff_t column_stride;
    std::size_t count;

    Source at(std::size_t pixel, std::size_t channel) const {
        return data[static_cast<std::ptrdiff_t>(pixel) * column_stride +
                    static_cast<std::ptrdiff_t>(channel) * channel_stride];
    }
};

constexpr std::ptrdiff_t kRuntime = 0;

// A broadcast array may have any number of channels: so many values are added up before somebody
// looks whether the call is to end.
constexpr std::size_t kValuesAtOnce = std::size_t{1} << 20;

// Adds value(c) for the channels from 1 on to `sum`, in their order.
template <typename T, typename F>
T add_channels(std::size_t channels, T sum, const F& value) {
    std::size_t c = 1;
    while (true) {
        const std::size_t end = channels - c < kValuesAtOnce ? channels : c + kValuesAtOnce;
        for (; c < end; ++c) sum += value(c);
        if (c == channels) return sum;
        check_interrupt();
    }
}

// The same over the pixels of a row: counts what was added since somebody looked.
class Pace {
  public:
    void added(std::size_t values) {
        added_ += values;
        if (added_ < kValuesAtOnce) return;
        added_ = 0;
        check_interrupt();
    }

  private:
    std::size_t added_ = 0;
};

// Pixel by pixel. With the channel count and one or both strides known to the compiler, the sums of
// many pixels run side by side.
template <std::size_t channels, std::ptrdiff_t channel_step, std::ptrdiff_t column_step, typename T,
          typename Source>
bool mean_of_pixels(const Pixels<Source>& p, T* out) {
    using C = Convert<T, Source>;
    const std::size_t n = channels == 0 ? p.channels : channels;
    const std::ptrdiff_t channel_stride =
        channel_step == kRuntime ? p.channel_stride : channel_step;
    const std::ptrdiff_t column_stride = column_step == kRuntime ? p.column_stride : column_step;
    const Source* data = p.data;
    const Divisor<T> by(static_cast<T>(n));
    const std::size_t count = p.count;
    Alarms<T> alarms = 0;
    [[maybe_unused]] Pace pace;
    for (std::size_t i = 0; i < count; ++i) {
        const Source* pixel = data + static_cast<std::ptrdiff_t>(i) * column_stride;
        const auto value = [&](std::size_t c) {
            return C::value(pixel[static_cast<std::ptrdiff_t>(c) * channel_stride]);
        };
        T sum = value(0);
        if constexpr (channels == 0) {
            sum = add_channels(n, sum, value);
            pace.added(n);
        } else {
            for (std::size_t c = 1; c < channels; ++c) sum += value(c);
        }
        const T mean = by.divide(sum);
        out[i] = mean;
        if constexpr (!C::always_finite) alarms |= alarm(mean);
    }
    return !raised(alarms);
}

// Channel by channel, for planes of many channels.
template <typename T, typename Source>
bool mean_of_planes(const Pixels<Source>& p, T* out) {
    using C = Convert<T, Source>;
    convert_row(p.data, p.column_stride, p.count, out);
    Pace pace;
    for (std::size_t c = 1; c < p.channels; ++c) {
        const Source* row = p.data + static_cast<std::ptrdiff_t>(c) * p.channel_stride;
        if (p.column_stride == 1) {
            for (std::size_t i = 0; i < p.count; ++i) out[i] += C::value(row[i]);
        } else {
            for (std::size_t i = 0; i < p.count; ++i) {
                out[i] += C::value(row[static_cast<std::ptrdiff_t>(i) * p.column_stride]);
            }
        }
        pace.added(p.count);
    }
    const Divisor<T> by(static_cast<T>(p.channels));
    Alarms<T> alarms = 0;
    for (std::size_t i = 0; i < p.count; ++i) {
        out[i] = by.divide(out[i]);
        if constexpr (!C::always_finite) alarms |= alarm(out[i]);
    }
    return !raised(alarms);
}

// The same sums in the same order; one that overflows although its terms do not is formed again
// from terms small enough.
template <typename T, typename Source>
std::size_t mean_carefully(const Pixels<Source>& p, T* out) {
    constexpr T kShrink = static_cast<T>(0x1p-64f);
    constexpr T kGrow = static_cast<T>(0x1p64f);
    const Divisor<T> by(static_cast<T>(p.channels));
    std::size_t bad = 0;
    Pace pace;
    for (std::size_t i = 0; i < p.count; ++i) {
        const T sum =
            add_channels(p.channels, careful_value<T>(p.at(i, 0), bad),
                         [&](std::size_t c) { return careful_value<T>(p.at(i, c), bad); });
        pace.added(p.channels);
        T mean = by.divide(sum);
        if (!is_finite(mean)) {
            std::size_t counted = 0;
            const auto shrunk = [&](std::size_t c) {
                return careful_value<T>(p.at(i, c), counted) * kShrink;
            };
            const T small = add_channels(p.channels, shrunk(0), shrunk);
            mean = by.divide(small) * kGrow;
            if (!is_finite(mean)) mean = mean > T{0} ? kLargest<T> : -kLargest<T>;
        }
        out[i] = mean;
    }
    return bad;
}

template <std::size_t channels, typename T, typename Source>
bool mean_of_few(const Pixels<Source>& p, T* out) {
    constexpr auto kStep = static_cast<std::ptrdiff_t>(channels);
    if (p.column_stride == 1) return mean_of_pixels<channels, kRuntime, 1>(p, out);
    if (p.channel_stride == 1 && p.column_stride == kStep) {
        return mean_of_pixels<channels, 1, kStep>(p, out);
    }
    return mean_of_pixels<channels, kRuntime, kRuntime>(p, out);
}

template <typename T, typename Source>
bool mean_row(const Pixels<Source>& p, T* out) {
    switch (p.channels) {
        case 2:
            return mean_of_few<2>(p, out);
        case 3:
            return mean_of_few<3>(p, out);
        case 4:
            return mean_of_few<4>(p, out);
        default:
            return p.channel_stride == 1 ? mean_of_pixels<0, 1, kRuntime>(p, out)
                                         : mean_of_planes(p, out);
    }
}

template <typename T, typename Source>
std::size_t read_mean(const SourceRows& s, T* out) {
    std::size_t bad = 0;
    for (std::size_t y = 0; y < s.rows; ++y) {
        const Pixels<Source> p{
            static_cast<const Source*>(s.data) + static_cast<std::ptrdiff_t>(y) * s.row_stride,
            s.channels, s.channel_stride, s.column_stride, s.columns};
        T* out_row = out + y * s.columns;
        if (!mean_row(p, out_row)) bad += mean_carefully(p, out_row);
    }
    return bad;
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
