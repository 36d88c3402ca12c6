// Reading: any element type and stride to contiguous rows of float or double, non-finite values
// counted on the way, so that a batch is read from memory once and never copied whole.
#include "kernels/load.simd.hpp"

#include <cstdint>
#include <cstring>

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

template <typename T, typename Source>
struct Convert {
    static constexpr bool always_finite = true;
    static T value(Source source) { return static_cast<T>(source); }
    static bool finite(Source) { return true; }
};

template <typename T>
struct Convert<T, float> {
    static constexpr bool always_finite = false;
    static T value(float source) { return static_cast<T>(source); }
    static bool finite(float source) { return (bits_of(source) & 0x7f800000u) != 0x7f800000u; }
};

template <>
struct Convert<double, double> {
    static constexpr bool always_finite = false;
    static double value(double source) { return source; }
    static bool finite(double source) {
        return (bits_of(source) & 0x7ff0000000000000u) != 0x7ff0000000000000u;
    }
};

template <>
struct Convert<float, double> {
    static constexpr bool always_finite = false;
    static float value(double source) {
        constexpr double kLargest = 3.4028234663852886e38;  // FLT_MAX
        const double low = source < -kLargest ? -kLargest : source;
        return static_cast<float>(low > kLargest ? kLargest : low);
    }
    static bool finite(double source) { return Convert<double, double>::finite(source); }
};

template <typename T>
struct Convert<T, Half> {
    static constexpr bool always_finite = false;
    // Exponent and fraction, moved into a float's places, are too small by 2^(127 - 15); the
    // product is exact for normal and subnormal halves alike.
    static T value(Half source) {
        const std::uint32_t magnitude = static_cast<std::uint32_t>(source.bits & 0x7fffu) << 13;
        const float scaled = float_of(magnitude) * 0x1p112f;
        const std::uint32_t sign = static_cast<std::uint32_t>(source.bits & 0x8000u) << 16;
        return static_cast<T>(float_of(bits_of(scaled) | sign));
    }
    static bool finite(Half source) { return (source.bits & 0x7c00u) != 0x7c00u; }
};

enum class Into { kStore, kAdd };

template <Into into, typename T, typename Source>
std::size_t convert_row(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    using C = Convert<T, Source>;
    std::size_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Source element = source[static_cast<std::ptrdiff_t>(i) * stride];
        T value = C::value(element);
        if constexpr (!C::always_finite) {
            const bool finite = C::finite(element);
            bad += finite ? 0 : 1;
            value = finite ? value : T{0};
        }
        out[i] = into == Into::kStore ? value : out[i] + value;
    }
    return bad;
}

// The common case gets a loop of its own with a constant stride.
template <Into into, typename T, typename Source>
std::size_t read_row(const Source* source, std::ptrdiff_t stride, std::size_t count, T* out) {
    if (stride == 1) return convert_row<into>(source, 1, count, out);
    return convert_row<into>(source, stride, count, out);
}

template <typename T, typename Source>
std::size_t read_channel(const SourceRows& s, T* out) {
    const Source* data = static_cast<const Source*>(s.data);
    std::size_t bad = 0;
    for (std::size_t y = 0; y < s.rows; ++y) {
        bad += read_row<Into::kStore>(data + static_cast<std::ptrdiff_t>(y) * s.row_stride,
                                      s.column_stride, s.columns, out + y * s.columns);
    }
    return bad;
}

template <typename T, typename Source>
std::size_t read_mean(const SourceRows& s, T* out) {
    const Source* data = static_cast<const Source*>(s.data);
    const T divisor = static_cast<T>(s.channels);
    std::size_t bad = 0;
    for (std::size_t y = 0; y < s.rows; ++y) {
        const Source* row = data + static_cast<std::ptrdiff_t>(y) * s.row_stride;
        T* out_row = out + y * s.columns;
        bad += read_row<Into::kStore>(row, s.column_stride, s.columns, out_row);
        for (std::size_t c = 1; c < s.channels; ++c) {
            bad += read_row<Into::kAdd>(row + static_cast<std::ptrdiff_t>(c) * s.channel_stride,
                                        s.column_stride, s.columns, out_row);
        }
        for (std::size_t x = 0; x < s.columns; ++x) out_row[x] /= divisor;
    }
    return bad;
}

template <typename T, typename Source>
struct Channel {
    static std::size_t run(const SourceRows& s, T* out) { return read_channel<T, Source>(s, out); }
};

template <typename T, typename Source>
struct Mean {
    static std::size_t run(const SourceRows& s, T* out) { return read_mean<T, Source>(s, out); }
};

template <template <typename, typename> class Op, typename T>
std::size_t dispatch(const SourceRows& s, T* out) {
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

const LoadOps<float> load_f = {dispatch<Channel, float>, dispatch<Mean, float>};
const LoadOps<double> load_d = {dispatch<Channel, double>, dispatch<Mean, double>};

}  // namespace hotcold::HOTCOLD_LEVEL
