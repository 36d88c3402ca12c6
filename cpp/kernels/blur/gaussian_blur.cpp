// The ways of blurring are in blur/; here batches are walked.
#include "kernels/blur/gaussian_blur.hpp"

#include <algorithm>

#include "kernels/load/batch.hpp"
#include "kernels/load/load.hpp"

namespace hotcold {
namespace {

// A block of the first pass, at any level.
constexpr std::size_t kRowsAhead = 16;

}  // namespace

template <typename T>
GaussianBlur<T>::GaussianBlur(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                              BlurAccuracy accuracy)
    : rows_(rows),
      columns_(columns),
      method_(make_blur<T>(rows, columns, sigma_y, sigma_x, accuracy)) {}

template <typename T>
GaussianBlur<T>::~GaussianBlur() = default;

template <typename T>
bool GaussianBlur<T>::is_identity() const {
    return method_ == nullptr;
}

template <typename T>
std::size_t GaussianBlur<T>::workspace_bytes() const {
    return is_identity() ? 0 : method_->workspace_bytes();
}

template <typename T>
void GaussianBlur<T>::apply(T* plane, std::byte* scratch, const Team& team) const {
    apply(PlaneReader<T>::plane(plane, rows_, columns_), nullptr, plane, scratch, team);
}

template <typename T>
std::size_t GaussianBlur<T>::apply(const PlaneReader<T>& from, const PlaneReader<T>* next, T* out,
                                   std::byte* scratch, const Team& team) const {
    if (is_identity()) return from.read(out, team);
    const PrefetchRange range = next != nullptr ? next->memory(0, kRowsAhead) : PrefetchRange{};
    return method_->apply(from, range, out, scratch, team);
}

template <typename T>
NonFinite gaussian_blur(const SourceView& source, double sigma_y, double sigma_x,
                        BlurAccuracy accuracy, const BatchView<T>& out, int n_threads) {
    const Shape& shape = source.shape;
    const GaussianBlur<T> blur(shape.rows, shape.columns, sigma_y, sigma_x, accuracy);
    const std::size_t scratch_bytes = blur.workspace_bytes();
    const std::size_t bytes =
        Workspace::bytes_for<T>(shape.plane()) + Workspace::bytes_for<std::byte>(scratch_bytes);
    const bool in_place = out.strides.column == 1 && rows_adjoin(shape, out.strides);
    // Threads take items in turn.
    const auto step = static_cast<std::size_t>(std::max(1, n_threads));
    NonFiniteLog log;
    for_each_item(shape.items, shape.channels * shape.plane(), bytes, n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* plane = workspace.take<T>(shape.plane());
                      std::byte* scratch = workspace.take<std::byte>(scratch_bytes);
                      std::size_t bad = 0;
                      for (std::size_t c = 0; c < shape.channels; ++c) {
                          const auto from = PlaneReader<T>::channel(source, item, c);
                          const bool last = c + 1 == shape.channels;
                          const auto next = PlaneReader<T>::channel(
                              source, std::min(last ? item + step : item, shape.items - 1),
                              last ? 0 : c + 1);
                          // A plane without gaps is blurred where it is to go.
                          T* target = in_place ? out.at(item, c, 0) : plane;
                          bad += blur.apply(from, &next, target, scratch, team);
                          if (!in_place) store_channel(plane, out, item, c, team);
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
