#include "kernels/colorize.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// The table entry of a value: matplotlib's Normalize, then Colormap: t * N cut to a whole number,
// t = 1 (and above) the last entry, below 0 the first.
template <typename T>
struct EntryOf {
    T low;
    T range;
    T flat;
    T entries;
    std::int32_t last;

    EntryOf(const Limits<T>& limits, std::size_t n)
        : low(limits.low),
          range(limits.range > T{0} ? limits.range : T{1}),
          flat(limits.range > T{0} ? T{-1} : limits.flat),
          entries(static_cast<T>(n)),
          last(static_cast<std::int32_t>(n) - 1) {}

    std::int32_t operator()(T value) const {
        const T t = (flat >= T{0} ? flat : (value - low) / range) * entries;
        const T top = static_cast<T>(last);
        // Written so that NaN ends at entry 0, never outside the table.
        const T inside = t > T{0} ? t : T{0};
        return static_cast<std::int32_t>(inside < top ? inside : top);
    }
};

template <typename T>
void color(const T* values, std::size_t count, const Limits<T>& limits, const std::uint8_t* table,
           std::size_t entries, std::size_t out_channels, std::uint8_t* out) {
    const EntryOf<T> entry_of(limits, entries);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* entry = table + 4 * entry_of(values[i]);
        for (std::size_t c = 0; c < out_channels; ++c) out[i * out_channels + c] = entry[c];
    }
}

// Cuts a value in [0, 256) to a byte.
template <typename T>
std::uint8_t to_byte(T value) {
    return static_cast<std::uint8_t>(static_cast<std::int32_t>(value));
}

template <typename T>
void overlay(const T* values, const PixelRun<T>& image, const Limits<T>& limits, const float* table,
             std::size_t entries, T image_gain, std::uint8_t* out) {
    const EntryOf<T> entry_of(limits, entries);
    const bool grey = image.n_channels == 1;
    const bool alpha = image.n_channels == 4;
    const std::size_t out_channels = alpha ? 4 : 3;
    for (std::size_t i = 0; i < image.count; ++i) {
        const float* entry = table + 4 * entry_of(values[i]);
        std::uint8_t* pixel = out + i * out_channels;
        for (std::size_t c = 0; c < 3; ++c) {
            const T x = image.channels[grey ? 0 : c][i];
            pixel[c] = to_byte(image_gain * x + static_cast<T>(entry[c]));
        }
        if (alpha) pixel[3] = to_byte(T{255} * image.channels[3][i] + T{0.5});
    }
}

template <typename T>
void channels(const PixelRun<T>& run, const Limits<T>& limits, std::uint8_t* out) {
    const bool grey = run.n_channels == 1;
    const std::size_t out_channels = run.n_channels == 4 ? 4 : 3;
    const T low = limits.low;
    const T range = limits.range;
    for (std::size_t c = 0; c < out_channels; ++c) {
        const T* values = run.channels[grey ? 0 : c];
        for (std::size_t i = 0; i < run.count; ++i) {
            const T t = (values[i] - low) / range;
            const T floor = t > T{0} ? t : T{0};
            const T inside = floor < T{1} ? floor : T{1};
            out[i * out_channels + c] = to_byte(T{255} * inside + T{0.5});
        }
    }
}

template <typename T>
void scale_image(T* values, std::size_t count, const ImageScale<T>& scale) {
    const T gain = scale.range > T{0} ? T{1} : T{0};
    const T range = scale.range > T{0} ? scale.range : T{1};
    const T low = scale.low;
    const T prescale = scale.prescale;
    for (std::size_t i = 0; i < count; ++i) {
        const T t = (values[i] * prescale - low) / range * gain;
        const T floor = t > T{0} ? t : T{0};
        values[i] = floor < T{1} ? floor : T{1};
    }
}

template <typename T>
void multiply(const T* opacity, const T* x01, std::size_t count, T* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = opacity[i] * x01[i];
}

}  // namespace

const ColorizeOps<float> colorize_f = {color<float>, overlay<float>, channels<float>,
                                       scale_image<float>, multiply<float>};
const ColorizeOps<double> colorize_d = {color<double>, overlay<double>, channels<double>,
                                        scale_image<double>, multiply<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
