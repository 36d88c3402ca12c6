// Two separable passes of folded taps (the pixels k to either side are added, then multiplied
// once). Borders are handled by an extended row and by row pointers that reflect, so the inner
// loops have no branch.
#include "kernels/gaussian_blur.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/batch.hpp"
#include "kernels/gaussian_blur.simd.hpp"
#include "kernels/load.hpp"

namespace hotcold {
namespace {

template <typename T>
const GaussianBlurOps<T>& ops();
template <>
const GaussianBlurOps<float>& ops<float>() {
    return HOTCOLD_SELECT(gaussian_blur_f);
}
template <>
const GaussianBlurOps<double>& ops<double>() {
    return HOTCOLD_SELECT(gaussian_blur_d);
}

// Index of the pixel that `reflect` puts at position i of an axis of n pixels; any i.
std::size_t reflect(std::ptrdiff_t i, std::size_t n) {
    const std::ptrdiff_t period = 2 * static_cast<std::ptrdiff_t>(n);
    std::ptrdiff_t j = i % period;
    if (j < 0) j += period;
    return static_cast<std::size_t>(j < static_cast<std::ptrdiff_t>(n) ? j : period - 1 - j);
}

// Taps 0..radius of one side, folded into at most one period of the reflected axis: tap k of a
// symmetric kernel over a signal of period 2n acts as tap k mod 2n.
template <typename T>
std::vector<T> folded_weights(double sigma, std::size_t n) {
    if (sigma <= 0.0) return {T{1}};
    const double reach = 4.0 * sigma + 0.5;
    // Beyond this the truncated Gaussian is flat to the last bit of double on any axis that fits in
    // memory; the cap keeps the loop below finite.
    const auto radius = static_cast<std::size_t>(std::min(reach, 1e9));
    const std::size_t kept = std::min(radius, n);
    std::vector<double> weights(kept + 1, 0.0);
    double sum = 0.0;
    for (std::size_t k = 0; k <= radius; ++k) {
        const double distance = static_cast<double>(k) / sigma;
        const double weight = std::exp(-0.5 * distance * distance);
        sum += k == 0 ? weight : 2.0 * weight;
        const std::size_t place = k % (2 * n);
        // Positions p and 2n - p are the same pixel pair seen from either side; both pixels of a
        // pair that lands on 0 are the centre itself.
        if (place == 0) {
            weights[0] += k == 0 ? weight : 2.0 * weight;
        } else {
            weights[place <= n ? place : 2 * n - place] += weight;
        }
    }
    std::vector<T> result(kept + 1);
    for (std::size_t k = 0; k <= kept; ++k) result[k] = static_cast<T>(weights[k] / sum);
    return result;
}

}  // namespace

template <typename T>
struct GaussianBlur<T>::Impl {
    std::size_t rows;
    std::size_t columns;
    std::vector<T> weights_y;
    std::vector<T> weights_x;
    bool identity;

    std::size_t radius_x() const { return weights_x.size() - 1; }
    std::size_t radius_y() const { return weights_y.size() - 1; }
};

template <typename T>
GaussianBlur<T>::GaussianBlur(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                              BlurAccuracy /*accuracy*/)
    : impl_(new Impl{rows, columns, folded_weights<T>(sigma_y, rows),
                     folded_weights<T>(sigma_x, columns), false}) {}

template <typename T>
GaussianBlur<T>::~GaussianBlur() = default;

template <typename T>
bool GaussianBlur<T>::is_identity() const {
    return impl_->radius_x() == 0 && impl_->radius_y() == 0;
}

template <typename T>
std::size_t GaussianBlur<T>::workspace_bytes() const {
    return is_identity() ? 0 : Workspace::bytes_for<T>(impl_->rows * impl_->columns);
}

template <typename T>
void GaussianBlur<T>::apply(T* plane, std::byte* scratch, const Team& team) const {
    if (is_identity()) return;
    const Impl& p = *impl_;
    T* passed = reinterpret_cast<T*>(scratch);
    const GaussianBlurOps<T>& op = ops<T>();
    const std::size_t step = rows_per_block(p.columns);
    const std::size_t blocks = (p.rows + step - 1) / step;
    const std::size_t radius_x = p.radius_x();
    team.for_each(blocks, [&](std::size_t block) {
        std::vector<T> extended(p.columns + 2 * radius_x);
        const std::size_t end = std::min(p.rows, (block + 1) * step);
        for (std::size_t y = block * step; y < end; ++y) {
            const T* row = plane + y * p.columns;
            for (std::size_t i = 0; i < extended.size(); ++i) {
                extended[i] = row[reflect(
                    static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(radius_x),
                    p.columns)];
            }
            op.row(extended.data() + radius_x, p.columns, p.weights_x.data(), radius_x,
                   passed + y * p.columns);
        }
    });
    const std::size_t radius_y = p.radius_y();
    team.for_each(blocks, [&](std::size_t block) {
        std::vector<const T*> above(radius_y + 1);
        std::vector<const T*> below(radius_y + 1);
        const std::size_t end = std::min(p.rows, (block + 1) * step);
        for (std::size_t y = block * step; y < end; ++y) {
            for (std::size_t k = 0; k <= radius_y; ++k) {
                const auto at = static_cast<std::ptrdiff_t>(y);
                const auto away = static_cast<std::ptrdiff_t>(k);
                above[k] = passed + reflect(at - away, p.rows) * p.columns;
                below[k] = passed + reflect(at + away, p.rows) * p.columns;
            }
            op.column(above.data(), below.data(), p.columns, p.weights_y.data(), radius_y,
                      plane + y * p.columns);
        }
    });
}

template <typename T>
NonFinite gaussian_blur(const SourceView& source, double sigma_y, double sigma_x,
                        BlurAccuracy accuracy, const BatchView<T>& out, int n_threads) {
    const Shape& shape = source.shape;
    const GaussianBlur<T> blur(shape.rows, shape.columns, sigma_y, sigma_x, accuracy);
    const std::size_t scratch_bytes = blur.workspace_bytes();
    const std::size_t bytes =
        Workspace::bytes_for<T>(shape.plane()) + Workspace::bytes_for<std::byte>(scratch_bytes);
    NonFiniteLog log;
    for_each_item(shape.items, shape.channels * shape.plane(), bytes, n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* plane = workspace.take<T>(shape.plane());
                      std::byte* scratch = workspace.take<std::byte>(scratch_bytes);
                      std::size_t bad = 0;
                      for (std::size_t c = 0; c < shape.channels; ++c) {
                          bad += load_channel(source, item, c, plane, team);
                          blur.apply(plane, scratch, team);
                          store_channel(plane, out, item, c, team);
                      }
                      log.record(item, bad);
                  });
    return log.first();
}

template class GaussianBlur<float>;
template class GaussianBlur<double>;
template NonFinite gaussian_blur(const SourceView&, double, double, BlurAccuracy,
                                 const BatchView<float>&, int);
template NonFinite gaussian_blur(const SourceView&, double, double, BlurAccuracy,
                                 const BatchView<double>&, int);

}  // namespace hotcold
