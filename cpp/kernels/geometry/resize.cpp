// Two passes: every input row is widened into scratch, then each output row is mixed from two of
// those. The second pass, which handles the many pixels (32 times the first's, from 7x7 to
// 224x224), runs along rows and vectorises. Work is split by rows, so that the number of threads
// changes no bit.
#include "kernels/geometry/resize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

// A sum of four weighted values, at most T's largest number: an overshoot may go beyond.
template <typename T>
inline T cubic(const T (&values)[4], const T (&weights)[4]) {
    const T sum = (values[0] * weights[0] + values[1] * weights[1]) +
                  (values[2] * weights[2] + values[3] * weights[3]);
    constexpr T kMost = std::numeric_limits<T>::max();
    return std::min(std::max(sum, -kMost), kMost);
}

// Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 4, at
// distance t + 1, t, 1 - t and 2 - t.
void cubic_weights(double t, double (&weights)[4]) {
    constexpr double a = -0.75;
    const auto near = [](double d) { return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0; };
    const auto wide = [](double d) { return ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a; };
    weights[0] = wide(t + 1.0);
    weights[1] = near(t);
    weights[2] = near(1.0 - t);
    weights[3] = wide(2.0 - t);
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
Resize<T>::Resize(const Shape& from, const Shape& to, Interpolation interpolation)
    : interpolation_(interpolation),
      from_rows_(from.rows),
      from_columns_(from.columns),
      rows_(places(from.rows, to.rows, interpolation)),
      columns_(places(from.columns, to.columns, interpolation)) {}

template <typename T>
std::vector<typename Resize<T>::Place> Resize<T>::places(std::size_t from, std::size_t to,
                                                         Interpolation interpolation) {
    std::vector<Place> result;
    result.reserve(to);
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    for (std::size_t i = 0; i < to; ++i) {
        Place place{};
        if (interpolation == Interpolation::kNearest) {
            const float at =
                static_cast<float>(i) * (static_cast<float>(from) / static_cast<float>(to));
            place.from[0] = std::min(static_cast<std::size_t>(at), from - 1);
        } else if (interpolation == Interpolation::kBilinear) {
            const double at = std::max(0.0, (static_cast<double>(i) + 0.5) * scale - 0.5);
            place.from[0] = std::min(static_cast<std::size_t>(at), from - 1);
            place.from[1] = std::min(place.from[0] + 1, from - 1);
            place.weights[0] = static_cast<T>(at - static_cast<double>(place.from[0]));
        } else {
            const double at = (static_cast<double>(i) + 0.5) * scale - 0.5;
            const double first = std::floor(at);
            double weights[4];
            cubic_weights(at - first, weights);
            for (int k = 0; k < 4; ++k) {
                const double nearest =
                    std::min(std::max(first + k - 1, 0.0), static_cast<double>(from - 1));
                place.from[k] = static_cast<std::size_t>(nearest);
                place.weights[k] = static_cast<T>(weights[k]);
            }
        }
        result.push_back(place);
    }
    return result;
}

template <typename T>
std::size_t Resize<T>::workspace_bytes() const {
    return is_identity() ? 0 : Workspace::bytes_for<T>(from_rows_ * columns_.size());
}

template <typename T>
void Resize<T>::apply(const T* from, T* to, std::byte* scratch, const Team& team) const {
    const std::size_t width = columns_.size();
    T* wide = reinterpret_cast<T*>(scratch);
    for_rows(from_rows_, width, team,
             [&](std::size_t row) { widen(from + row * from_columns_, wide + row * width); });
    for_rows(rows_.size(), width, team,
             [&](std::size_t row) { mix(wide, rows_[row], to + row * width); });
}

template <typename T>
void Resize<T>::widen(const T* in, T* out) const {
    const std::size_t width = columns_.size();
    if (interpolation_ == Interpolation::kNearest) {
        for (std::size_t i = 0; i < width; ++i) out[i] = in[columns_[i].from[0]];
    } else if (interpolation_ == Interpolation::kBilinear) {
        for (std::size_t i = 0; i < width; ++i) {
            const Place& place = columns_[i];
            out[i] = between(in[place.from[0]], in[place.from[1]], place.weights[0]);
        }
    } else {
        for (std::size_t i = 0; i < width; ++i) {
            const Place& place = columns_[i];
            out[i] = cubic<T>(
                {in[place.from[0]], in[place.from[1]], in[place.from[2]], in[place.from[3]]},
                place.weights);
        }
    }
}

template <typename T>
void Resize<T>::mix(const T* wide, const Place& place, T* out) const {
    const std::size_t width = columns_.size();
    const T* const a = wide + place.from[0] * width;
    if (interpolation_ == Interpolation::kNearest) {
        std::copy(a, a + width, out);
        return;
    }
    const T* const b = wide + place.from[1] * width;
    if (interpolation_ == Interpolation::kBilinear) {
        const T fraction = place.weights[0];
        for (std::size_t i = 0; i < width; ++i) out[i] = between(a[i], b[i], fraction);
        return;
    }
    const T* const c = wide + place.from[2] * width;
    const T* const d = wide + place.from[3] * width;
    const T weights[4] = {place.weights[0], place.weights[1], place.weights[2], place.weights[3]};
    for (std::size_t i = 0; i < width; ++i) out[i] = cubic<T>({a[i], b[i], c[i], d[i]}, weights);
}

template class Resize<float>;
template class Resize<double>;

}  // namespace hotcold
