// Reading: any element type and stride to contiguous rows of float or double, so that a batch is
// read from memory once and never copied whole. Rows are converted on the assumption that all is
// well, and the results are looked at on the way: NaN and infinity in survive as such, as does an
// overflow. Only a row that holds one is read again, value by value, and its faults counted.
//
// The loops are shaped for the compiler's vectoriser: strides that occur in practice are constants.
#include "kernels/load.simd.hpp"

#include <cstdint>
#include <cstring>

#include "kernels/divide.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

struct Half {
    std::uint16_t bits;
};

inline std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

inline std::uint64_t bits_of(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

inline float float_of(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

// Non-finite values stay non-finite, and what does not fit T becomes infinite.
template <typename T, typename Source>
struct Convert {
    static constexpr bool always_finite = true;
    static T value(Source source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, float> {
    static constexpr bool always_finite = false;
    static T value(float source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, double> {
    static constexpr bool always_finite = false;
    static T value(double source) { return static_cast<T>(source); }
};

template <typename T>
struct Convert<T, Half> {
    static constexpr bool always_finite = false;
    // Exponent and fraction, moved into a float's places, are too small by 2^(127 - 15); the
    // product is exact for normal and subnormal halves alike. The largest exponent is not a number.
    static T value(Half source) {
        const std::uint32_t magnitude = static_cast<std::uint32_t>(source.bits & 0x7fffu) << 13;
        const std::uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
        const std::uint32_t scaled = bits_of(float_of(magnitude) * 0x1p112f) | special;
        const std::uint32_t sign = static_cast<std::uint32_t>(source.bits & 0x8000u) << 16;
        return static_cast<T>(float_of(scaled | sign));
    }
};

// Adding one to the exponent carries into the sign bit from the largest exponent alone.
inline std::uint32_t alarm(float value) { return (bits_of(value) & 0x7fffffffu) + 0x00800000u; }
inline std::uint64_t alarm(double value) {
    return (bits_of(value) & 0x7fffffffffffffffu) + 0x0010000000000000u;
}
inline bool raised(std::uint32_t alarms) { return (alarms >> 31) != 0; }
inline bool raised(std::uint64_t alarms) { return (alarms >> 63) != 0; }

template <typename T>
using Alarms = decltype(alarm(T{}));

template <typename T>
bool is_finite(T value) {
    return !raised(alarm(value));
}

constexpr float kLargestFloat = 3.4028234663852886e38f;
template <typename T>
constexpr T kLargest = static_cast<T>(kLargestFloat);
template <>
constexpr double kLargest<double> = 1.7976931348623157e308;

// One value with all care: 0 for what is not finite, the largest T for what does not fit.
template <typename T, typename Source>
T careful_value(Source source, std::size_t& bad) {
    if constexpr (Convert<T, Source>::always_finite) {
        return Convert<T, Source>::value(source);
    } else {
        if (!is_finite(Convert<double, Source>::value(source))) {
            ++bad;
            return T{0};
        }
        const T value = Convert<T, Source>::value(source);
        if (is_finite(value)) return value;
        return value > T{0} ? kLargest<T> : -kLargest<T>;
    }
}

// --- one channel ---------------------------------------------------------------------------------

template <typename T, typename Source>
bool convert(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    Alarms<T> alarms = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const T value = Convert<T, Source>::value(source[static_cast<std::ptrdiff_t>(i) * stride]);
        out[i] = value;
        if constexpr (!Convert<T, Source>::always_finite) alarms |= alarm(value);
    }
    return !raised(alarms);
}

template <typename T, typename Source>
std::size_t convert_carefully(const Source* source, std::ptrdiff_t stride, std::size_t count,
                              T* out) {
    std::size_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = careful_value<T>(source[static_cast<std::ptrdiff_t>(i) * stride], bad);
    }
    return bad;
}

template <typename T, typename Source>
bool convert_row(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    switch (stride) {
        case 1:
            return convert(source, 1, count, out);
        case 3:
            return convert(source, 3, count, out);
        case 4:
            return convert(source, 4, count, out);
        default:
            return convert(source, stride, count, out);
    }
}

template <typename T, typename Source>
std::size_t read_channel(const SourceRows& s, T* out) {
    const Source* data = static_cast<const Source*>(s.data);
    std::size_t bad = 0;
    for (std::size_t y = 0; y < s.rows; ++y) {
        const Source* row = data + static_cast<std::ptrdiff_t>(y) * s.row_stride;
        T* out_row = out + y * s.columns;
        if (!convert_row(row, s.column_stride, s.columns, out_row)) {
            bad += convert_carefully(row, s.column_stride, s.columns, out_row);
        }
    }
    return bad;
}

// --- the mean over channels ----------------------------------------------------------------------

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
    for (std::size_t i = 0; i < count; ++i) {
        const Source* pixel = data + static_cast<std::ptrdiff_t>(i) * column_stride;
        T sum = C::value(pixel[0]);
        for (std::size_t c = 1; c < n; ++c) {
            sum += C::value(pixel[static_cast<std::ptrdiff_t>(c) * channel_stride]);
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
    for (std::size_t c = 1; c < p.channels; ++c) {
        const Source* row = p.data + static_cast<std::ptrdiff_t>(c) * p.channel_stride;
        if (p.column_stride == 1) {
            for (std::size_t i = 0; i < p.count; ++i) out[i] += C::value(row[i]);
        } else {
            for (std::size_t i = 0; i < p.count; ++i) {
                out[i] += C::value(row[static_cast<std::ptrdiff_t>(i) * p.column_stride]);
            }
        }
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
    for (std::size_t i = 0; i < p.count; ++i) {
        T sum = careful_value<T>(p.at(i, 0), bad);
        for (std::size_t c = 1; c < p.channels; ++c) sum += careful_value<T>(p.at(i, c), bad);
        T mean = by.divide(sum);
        if (!is_finite(mean)) {
            std::size_t counted = 0;
            T small = 0;
            for (std::size_t c = 0; c < p.channels; ++c) {
                small += careful_value<T>(p.at(i, c), counted) * kShrink;
            }
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

template <typename T>
bool all_finite(const T* values, std::size_t count) {
    Alarms<T> alarms = 0;
    for (std::size_t i = 0; i < count; ++i) alarms |= alarm(values[i]);
    return !raised(alarms);
}

template <typename T, typename Source>
struct Channel {
    static std::size_t run(const SourceRows& s, T* out) { return read_channel<T, Source>(s, out); }
};

template <typename T, typename Source>
struct Mean {
    static std::size_t run(const SourceRows& s, T* out) { return read_mean<T, Source>(s, out); }
};

// Rows that follow one another are read as one.
SourceRows joined(SourceRows s) {
    if (s.row_stride == static_cast<std::ptrdiff_t>(s.columns) * s.column_stride) {
        s.columns *= s.rows;
        s.rows = 1;
    }
    return s;
}

template <template <typename, typename> class Op, typename T>
std::size_t dispatch(const SourceRows& rows, T* out) {
    const SourceRows s = joined(rows);
    switch (s.type) {
        case ScalarType::kBool:
        case ScalarType::kUint8:
            return Op<T, std::uint8_t>::run(s, out);
        case ScalarType::kInt8:
            return Op<T, std::int8_t>::run(s, out);
        case ScalarType::kInt16:
            return Op<T, std::int16_t>::run(s, out);
        case ScalarType::kUint16:
            return Op<T, std::uint16_t>::run(s, out);
        case ScalarType::kInt32:
            return Op<T, std::int32_t>::run(s, out);
        case ScalarType::kUint32:
            return Op<T, std::uint32_t>::run(s, out);
        case ScalarType::kInt64:
            return Op<T, std::int64_t>::run(s, out);
        case ScalarType::kUint64:
            return Op<T, std::uint64_t>::run(s, out);
        case ScalarType::kFloat16:
            return Op<T, Half>::run(s, out);
        case ScalarType::kFloat32:
            return Op<T, float>::run(s, out);
        case ScalarType::kFloat64:
            return Op<T, double>::run(s, out);
    }
    return 0;
}

}  // namespace

const LoadOps<float> load_f = {dispatch<Channel, float>, dispatch<Mean, float>, all_finite<float>};
const LoadOps<double> load_d = {dispatch<Channel, double>, dispatch<Mean, double>,
                                all_finite<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
