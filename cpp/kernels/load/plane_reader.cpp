#include "kernels/load/plane_reader.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "kernels/load/load.hpp"
#include "kernels/load/load.ops.hpp"
#include "runtime/integers.hpp"

namespace hotcold {

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
PlaneReader<T> PlaneReader<T>::mean(const SourceView& source, std::size_t item) {
    PlaneReader reader = channel(source, item, 0);
    reader.channels_ = source.shape.channels;
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
    return channels_ == 1 ? load_ops<T>().channel(rows, out) : load_ops<T>().mean(rows, out);
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
    if (channels_ != 1 || !holds_type<T>(source_) || source_.strides.column != 1) return nullptr;
    return static_cast<const T*>(source_.at(item_, channel_, row));
}

template <typename T>
PrefetchRange PlaneReader<T>::memory(std::size_t row, std::size_t count) const {
    constexpr std::size_t kMaxBytes = 128 * 1024;  // a small part of L2
    constexpr std::ptrdiff_t kMaxApart = 4;        // a pixel of RGBA
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
