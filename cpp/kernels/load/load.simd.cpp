// Reading: any element type and stride to contiguous rows of float or double, so that a batch is
// read from memory once and never copied whole. Rows are converted on the assumption that all is
// well, and the results are looked at on the way: NaN and infinity in survive as such, as does an
// overflow. Only a row that holds one is read again, value by value, and its faults counted.
//
// The loops are shaped for the compiler's vectoriser: strides that occur in practice are constants.
#include "kernels/load/load.ops.hpp"
#include "kernels/load/load_mean-inl.hpp"
#include "kernels/load/load_values-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

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
