#include "kernels/load/plane_reader.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "kernels/load/load.hpp"
#include "kernels/load/load.ops.hpp"
#include "runtime/integers.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

// What one value adds to those before it. `Sum` is what they are kept in.
template <Reduction reduction, typename Sum>
inline Sum joined(Sum before, Sum value) {
    if constexpr (reduction == Reduction::kSum) {
        return before + value;
    } else if constexpr (reduction == Reduction::kSumAbs) {
        return before + std::abs(value);
    } else {
        static_assert(reduction == Reduction::kMaxAbs);
        return std::abs(value) > std::abs(before) ? value : before;
    }
}

template <typename T>
inline T within_range(double value) {
    constexpr double kMost = static_cast<double>(std::numeric_limits<T>::max());
    return static_cast<T>(std::min(std::max(value, -kMost), kMost));
}

// Values of one row that are reduced at a time, on the stack.
constexpr std::size_t kRun = 512;

template <Reduction reduction, typename T>
void join_run(const T* values, std::size_t count, T* out) {
    constexpr T kMost = std::numeric_limits<T>::max();
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = std::min(std::max(joined<reduction>(out[i], values[i]), -kMost), kMost);
    }
}

// Squares of floats neither overflow nor vanish in double; those of double are not made at all.
inline void join_norm(const float* values, std::size_t count, double* norms) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<double>(values[i]);
        norms[i] += value * value;
    }
}
inline void join_norm(const double* values, std::size_t count, double* norms) {
    for (std::size_t i = 0; i < count; ++i) norms[i] = std::hypot(norms[i], values[i]);
}
inline double norm_of(double joined, float) { return std::sqrt(joined); }
inline double norm_of(double joined, double) { return joined; }

// A run of one row, all channels of it, into `out`; returns how many values were not finite.
template <typename T>
std::size_t reduce_run(SourceRows run, std::size_t channels, std::size_t item_size,
                       Reduction reduction, T* out) {
    T values[kRun];
    double norms[kRun];
    std::size_t bad = 0;
    const std::size_t count = run.columns;
    std::fill(out, out + count, T{0});
    if (reduction == Reduction::kNorm) std::fill(norms, norms + count, 0.0);
    for (std::size_t c = 0; c < channels; ++c) {
        if (c % 1024 == 1023) check_interrupt();  // a broadcast array may have any number
        bad += load_ops<T>().channel(run, values);
        if (reduction == Reduction::kSum) join_run<Reduction::kSum>(values, count, out);
        if (reduction == Reduction::kSumAbs) join_run<Reduction::kSumAbs>(values, count, out);
        if (reduction == Reduction::kMaxAbs) join_run<Reduction::kMaxAbs>(values, count, out);
        if (reduction == Reduction::kNorm) join_norm(values, count, norms);
        run.data = static_cast<const std::byte*>(run.data) +
                   run.channel_stride * static_cast<std::ptrdiff_t>(item_size);
    }
    if (reduction == Reduction::kNorm) {
        for (std::size_t i = 0; i < count; ++i) out[i] = within_range<T>(norm_of(norms[i], T{}));
    }
    return bad;
}

}  // namespace

template <typename T>
PlaneReader<T> PlaneReader<T>::channel(const SourceView& source, std::size_t item,
                                       std::size_t channel) {
    PlaneReader reader;
    reader.source_ = source;
    reader.item_ = item;
    reader.channel_ = channel;
    return reader;
}

template <typename T>
PlaneReader<T> PlaneReader<T>::reduced(const SourceView& source, std::size_t item,
                                       Reduction reduction) {
    PlaneReader reader = channel(source, item, 0);
    reader.channels_ = source.shape.channels;
    reader.reduction_ = reduction;
    // Of one channel the mean, the sum and the value of largest magnitude are its own values.
    const bool itself = reduction != Reduction::kSumAbs && reduction != Reduction::kNorm;
    if (reader.channels_ == 1 && itself) reader.reduction_ = Reduction::kNone;
    return reader;
}

template <typename T>
PlaneReader<T> PlaneReader<T>::plane(const T* plane, std::size_t rows, std::size_t columns) {
    PlaneReader reader;
    reader.source_.data = plane;
    reader.source_.type = sizeof(T) == 4 ? ScalarType::kFloat32 : ScalarType::kFloat64;
    reader.source_.item_size = sizeof(T);
    reader.source_.shape = {1, 1, rows, columns};
    reader.source_.strides = {0, 0, static_cast<std::ptrdiff_t>(columns), 1};
    reader.known_finite_ = true;
    return reader;
}

template <typename T>
std::size_t PlaneReader<T>::read(std::size_t row, std::size_t count, T* out) const {
    SourceRows rows;
    rows.data = source_.at(item_, channel_, row);
    rows.type = source_.type;
    rows.channels = channels_;
    rows.rows = count;
    rows.columns = source_.shape.columns;
    rows.channel_stride = source_.strides.channel;
    rows.row_stride = source_.strides.row;
    rows.column_stride = source_.strides.column;
    if (reduction_ == Reduction::kNone) return load_ops<T>().channel(rows, out);
    if (reduction_ == Reduction::kMean) return load_ops<T>().mean(rows, out);
    return reduce(row, count, out);
}

template <typename T>
std::size_t PlaneReader<T>::reduce(std::size_t row, std::size_t count, T* out) const {
    const std::size_t columns = source_.shape.columns;
    std::size_t bad = 0;
    for (std::size_t r = 0; r < count; ++r) {
        for (std::size_t c = 0; c < columns; c += kRun) {
            SourceRows run;
            run.data = static_cast<const std::byte*>(source_.at(item_, channel_, row + r)) +
                       static_cast<std::ptrdiff_t>(c) * source_.strides.column *
                           static_cast<std::ptrdiff_t>(source_.item_size);
            run.type = source_.type;
            run.channels = 1;
            run.rows = 1;
            run.columns = std::min(kRun, columns - c);
            run.channel_stride = source_.strides.channel;
            run.column_stride = source_.strides.column;
            bad += reduce_run(run, channels_, source_.item_size, reduction_, out + r * columns + c);
        }
    }
    return bad;
}

template <typename T>
std::size_t PlaneReader<T>::read(T* out, const Team& team) const {
    const Shape& shape = source_.shape;
    if (known_finite_ && in_place(0) == out) return 0;
    const std::size_t step = rows_per_block(shape.columns);
    std::atomic<std::size_t> bad{0};
    team.for_each(ceil_div(shape.rows, step), [&](std::size_t block) {
        const std::size_t row = block * step;
        const std::size_t found =
            read(row, std::min(step, shape.rows - row), out + row * shape.columns);
        if (found != 0) bad.fetch_add(found, std::memory_order_relaxed);
    });
    return bad.load();
}

template <typename T>
const T* PlaneReader<T>::in_place(std::size_t row) const {
    if (reduction_ != Reduction::kNone || !holds_type<T>(source_) || source_.strides.column != 1)
        return nullptr;
    return static_cast<const T*>(source_.at(item_, channel_, row));
}

template <typename T>
PrefetchRange PlaneReader<T>::memory(std::size_t row, std::size_t count) const {
    constexpr std::size_t kMaxBytes = std::size_t{128} * 1024;  // a small part of L2
    constexpr std::ptrdiff_t kMaxApart = 4;                     // a pixel of RGBA
    const auto size = static_cast<std::ptrdiff_t>(source_.item_size);
    const std::ptrdiff_t apart = source_.strides.column;
    if (apart < 1 || apart > kMaxApart || row >= source_.shape.rows) return {};
    const bool together = channels_ == 1 || std::abs(source_.strides.channel) < apart;
    PrefetchRange range;
    range.first = source_.at(item_, channel_, row);
    range.planes = together ? 1 : channels_;
    range.rows = std::min(count, source_.shape.rows - row);
    range.plane_stride = source_.strides.channel * size;
    range.row_stride = source_.strides.row * size;
    range.bytes = source_.shape.columns * static_cast<std::size_t>(apart * size);
    if (range.planes * range.rows * range.bytes > kMaxBytes) return {};
    if (rows_adjoin(source_.shape, source_.strides)) {
        range.bytes *= range.rows;
        range.rows = 1;
    }
    return range;
}

template class PlaneReader<float>;
template class PlaneReader<double>;

}  // namespace hotcold
