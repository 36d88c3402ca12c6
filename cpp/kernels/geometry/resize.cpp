// Two passes: every input row is widened into scratch, then each output row is mixed from two of
// those. The second pass, which handles the many pixels (32 times the first's, from 7x7 to
// 224x224), runs along rows and vectorises. Work is split by rows, so that the number of threads
// changes no bit.
#include "kernels/geometry/resize.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/load/load.hpp"
#include "runtime/integers.hpp"

namespace hotcold {
namespace {

// `fraction` of the way from a to b. Exact for a == b, which a * (1 - fraction) + b * fraction is
// not; and by half differences, added twice, because b - a may overflow.
template <typename T>
inline T between(T a, T b, T fraction) {
    const T step = fraction * (b * T{0.5} - a * T{0.5});
    return (a + step) + step;
}

template <typename F>
void for_rows(std::size_t rows, std::size_t columns, const Team& team, const F& body) {
    const std::size_t step = rows_per_block(columns);
    team.for_each(ceil_div(rows, step), [&](std::size_t block) {
        const std::size_t end = std::min(rows, (block + 1) * step);
        for (std::size_t row = block * step; row < end; ++row) body(row);
    });
}

}  // namespace

template <typename T>
BilinearResize<T>::BilinearResize(const Shape& from, const Shape& to)
    : from_rows_(from.rows),
      from_columns_(from.columns),
      rows_(places(from.rows, to.rows)),
      columns_(places(from.columns, to.columns)) {}

template <typename T>
std::vector<typename BilinearResize<T>::Place> BilinearResize<T>::places(std::size_t from,
                                                                         std::size_t to) {
    std::vector<Place> result;
    result.reserve(to);
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    for (std::size_t i = 0; i < to; ++i) {
        const double at = std::max(0.0, (static_cast<double>(i) + 0.5) * scale - 0.5);
        const auto first = std::min(static_cast<std::size_t>(at), from - 1);
        const auto fraction = static_cast<T>(at - static_cast<double>(first));
        result.push_back({first, std::min(first + 1, from - 1), fraction});
    }
    return result;
}

template <typename T>
std::size_t BilinearResize<T>::workspace_bytes() const {
    return is_identity() ? 0 : Workspace::bytes_for<T>(from_rows_ * columns_.size());
}

template <typename T>
void BilinearResize<T>::apply(const T* from, T* to, std::byte* scratch, const Team& team) const {
    const std::size_t width = columns_.size();
    T* wide = reinterpret_cast<T*>(scratch);
    for_rows(from_rows_, width, team, [&](std::size_t row) {
        const T* in = from + row * from_columns_;
        T* out = wide + row * width;
        for (std::size_t i = 0; i < width; ++i) {
            const Place& place = columns_[i];
            out[i] = between(in[place.first], in[place.second], place.fraction);
        }
    });
    for_rows(rows_.size(), width, team, [&](std::size_t row) {
        const Place& place = rows_[row];
        const T* above = wide + place.first * width;
        const T* below = wide + place.second * width;
        const T fraction = place.fraction;
        T* out = to + row * width;
        for (std::size_t i = 0; i < width; ++i) out[i] = between(above[i], below[i], fraction);
    });
}

template class BilinearResize<float>;
template class BilinearResize<double>;

}  // namespace hotcold
