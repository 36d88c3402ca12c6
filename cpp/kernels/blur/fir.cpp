// Both passes run down panels (fir.ops.hpp). The horizontal one packs 16 rows of the plane
// transposed, and transposes its result back straight into the panels of the vertical one, which
// writes the plane. Two transposes a pixel, no other copies; borders are rows of the panel, so the
// tap loop has no branch.
//
// Traffic a pixel: the source read, the panels written and read, the plane written once. The panels
// of 224x224 float stay in 1 MiB of L2; what is read and written next is fetched during the
// arithmetic of the task before.
//
// Tried and slower: each square packed just before the taps that need it (3 %: shuffles take slots
// of the multiply-adds). Tried and not exact: one factor of the kernel on all pixels and one on
// every second saves a quarter of the taps, but misses the cut at 4 sigma by 7e-5.
#include "kernels/blur/fir.hpp"

#include <algorithm>
#include <atomic>

#include "kernels/blur/panels.hpp"
#include "kernels/blur/taps.hpp"
#include "runtime/integers.hpp"

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

    std::size_t workspace_bytes() const override {
        return Workspace::bytes_for<T>(column_panel().size() * panels()) +
               Workspace::bytes_for<T>(part_size() * parts());
    }

    std::size_t apply(const PlaneReader<T>& from, const PrefetchRange& next, T* out,
                      std::byte* scratch, const Team& team) const override {
        T* columns = reinterpret_cast<T*>(scratch);
        T* rows = reinterpret_cast<T*>(scratch +
                                       Workspace::bytes_for<T>(column_panel().size() * panels()));
        std::atomic<std::size_t> bad{0};
        for (std::size_t first = 0; first < blocks(); first += parts()) {
            team.for_each(std::min(parts(), blocks() - first), [&](std::size_t part) {
                T* mine = rows + (team.n_threads() > 1 ? part * part_size() : 0);
                const std::size_t block = first + part;
                const std::size_t found =
                    blur_rows(from, block, mine, columns, after_block(from, block, out, team));
                if (found != 0) bad.fetch_add(found, std::memory_order_relaxed);
            });
        }
        team.for_each(panels(), [&](std::size_t panel) {
            const std::size_t other = panel + static_cast<std::size_t>(team.n_threads());
            if (other < panels()) {
                blur_columns(columns, panel, out, out + other * lanes(), {});
            } else {
                blur_columns(columns, panel, out, nullptr, next);
            }
        });
        return bad.load();
    }

  private:
    // Row blocks that may be in work at once, each with a panel of its own.
    static constexpr std::size_t kMaxParts = 16;

    std::size_t lanes() const { return ops_.lanes; }
    std::size_t blocks() const { return ceil_div(rows_, lanes()); }
    std::size_t parts() const { return std::min(kMaxParts, blocks()); }
    std::size_t panels() const { return ceil_div(columns_, lanes()); }
    PanelShape<T> row_panel() const { return {lanes(), columns_, taps_x_.radius()}; }
    PanelShape<T> column_panel() const { return {lanes(), rows_, taps_y_.radius()}; }
    // A panel and the rows that it is packed from.
    std::size_t part_size() const {
        return row_panel().size() + round_up(columns_, lanes()) * lanes();
    }

    // What a thread wants after a block: another one, or the place where the first panel goes.
    PrefetchRange after_block(const PlaneReader<T>& from, std::size_t block, T* out,
                              const Team& team) const {
        const std::size_t next = block + static_cast<std::size_t>(team.n_threads());
        if (next < blocks()) return from.memory(next * lanes(), lanes());
        const auto pitch = static_cast<std::ptrdiff_t>(columns_ * sizeof(T));
        return {out, 1, rows_, 0, pitch, lanes() * sizeof(T)};
    }

    std::size_t blur_rows(const PlaneReader<T>& from, std::size_t block, T* panel, T* columns,
                          const PrefetchRange& prefetch) const {
        const std::size_t y = block * lanes();
        const std::size_t bad = fill(from, y, std::min(lanes(), rows_ - y), panel);
        row_panel().reflect(panel);
        ops_.transposed(row_panel().row(panel, 0), columns_, taps_x_.view(),
                        column_panel().row(columns, y),
                        static_cast<std::ptrdiff_t>(column_panel().size()), prefetch);
        return bad;
    }

    // Rows into a panel, through a copy unless they can be used where they lie.
    std::size_t fill(const PlaneReader<T>& from, std::size_t y, std::size_t count, T* panel) const {
        T* const to = row_panel().row(panel, 0);
        const T* const there = from.in_place(y);
        if (there != nullptr &&
            (ops_.pack(there, from.in_place_pitch(), count, columns_, to) || from.known_finite())) {
            return 0;
        }
        T* const copy = panel + row_panel().size();
        const std::size_t bad = from.read(y, count, copy);
        ops_.pack(copy, static_cast<std::ptrdiff_t>(columns_), count, columns_, to);
        return bad;
    }

    void blur_columns(T* columns, std::size_t index, T* plane, const T* ahead,
                      const PrefetchRange& prefetch) const {
        T* panel = columns + index * column_panel().size();
        column_panel().reflect(panel);
        const std::size_t x = index * lanes();
        ops_.rows(column_panel().row(panel, 0), rows_, taps_y_.view(), plane + x,
                  static_cast<std::ptrdiff_t>(columns_), std::min(lanes(), columns_ - x), ahead,
                  prefetch);
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
