// Both passes run down panels (fir.simd.hpp). The horizontal one packs 16 rows of the plane
// transposed, and transposes its result back straight into the panels of the vertical one, which
// writes the plane. Two transposes a pixel, no other copies; borders are rows of the panel, so the
// tap loop has no branch.
//
// Traffic a pixel: plane and panels each written and read once. 224x224 float stays in 1 MiB of L2.
#include "kernels/blur/fir.hpp"

#include <algorithm>

#include "kernels/blur/panels.hpp"
#include "kernels/blur/taps.hpp"

namespace hotcold {
namespace {

template <typename T>
class FirBlur final : public BlurMethod<T> {
  public:
    FirBlur(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x)
        : ops_(fir_ops<T>()),
          rows_(rows),
          columns_(columns),
          taps_y_(gaussian_taps(sigma_y, rows)),
          taps_x_(gaussian_taps(sigma_x, columns)) {}

    const char* name() const override { return "fir"; }

    std::size_t workspace_bytes() const override {
        return Workspace::bytes_for<T>(upright().size() * panels()) +
               Workspace::bytes_for<T>(lying().size() * parts());
    }

    void apply(T* plane, std::byte* scratch, const Team& team) const override {
        T* columns = reinterpret_cast<T*>(scratch);
        T* rows =
            reinterpret_cast<T*>(scratch + Workspace::bytes_for<T>(upright().size() * panels()));
        for (std::size_t first = 0; first < blocks(); first += parts()) {
            team.for_each(std::min(parts(), blocks() - first), [&](std::size_t part) {
                T* mine = rows + (team.n_threads() > 1 ? part * lying().size() : 0);
                blur_rows(plane, first + part, mine, columns);
            });
        }
        team.for_each(panels(), [&](std::size_t panel) { blur_columns(columns, panel, plane); });
    }

  private:
    // Row blocks that may be in work at once, each with a panel of its own.
    static constexpr std::size_t kMaxParts = 16;

    std::size_t lanes() const { return ops_.lanes; }
    std::size_t blocks() const { return (rows_ + lanes() - 1) / lanes(); }
    std::size_t parts() const { return std::min(kMaxParts, blocks()); }
    std::size_t panels() const { return (columns_ + lanes() - 1) / lanes(); }
    PanelShape<T> lying() const { return {lanes(), columns_, taps_x_.radius()}; }
    PanelShape<T> upright() const { return {lanes(), rows_, taps_y_.radius()}; }

    void blur_rows(const T* plane, std::size_t block, T* panel, T* columns) const {
        const std::size_t y = block * lanes();
        const auto pitch = static_cast<std::ptrdiff_t>(columns_);
        ops_.pack(plane + y * columns_, pitch, std::min(lanes(), rows_ - y), columns_,
                  lying().row(panel, 0));
        lying().reflect(panel);
        ops_.transposed(lying().row(panel, 0), columns_, taps_x_.view(), upright().row(columns, y),
                        static_cast<std::ptrdiff_t>(upright().size()));
    }

    void blur_columns(T* columns, std::size_t index, T* plane) const {
        T* panel = columns + index * upright().size();
        upright().reflect(panel);
        const std::size_t x = index * lanes();
        ops_.rows(upright().row(panel, 0), rows_, taps_y_.view(), plane + x,
                  static_cast<std::ptrdiff_t>(columns_), std::min(lanes(), columns_ - x));
    }

    const FirOps<T>& ops_;
    std::size_t rows_;
    std::size_t columns_;
    OrderedTaps<T> taps_y_;
    OrderedTaps<T> taps_x_;
};

}  // namespace

template <>
const FirOps<float>& fir_ops<float>() {
    return HOTCOLD_SELECT(fir_f);
}
template <>
const FirOps<double>& fir_ops<double>() {
    return HOTCOLD_SELECT(fir_d);
}

template <typename T>
std::unique_ptr<BlurMethod<T>> make_fir_blur(std::size_t rows, std::size_t columns, double sigma_y,
                                             double sigma_x) {
    return std::make_unique<FirBlur<T>>(rows, columns, sigma_y, sigma_x);
}

template std::unique_ptr<BlurMethod<float>> make_fir_blur(std::size_t, std::size_t, double, double);
template std::unique_ptr<BlurMethod<double>> make_fir_blur(std::size_t, std::size_t, double,
                                                           double);

}  // namespace hotcold
