// B = S - T on each axis: S the uncut Gaussian, T its tail beyond 4 sigma, which weighs 6.3e-5.
// S goes through nodes (node_grid.hpp). With T T dropped (4e-9), a plane X becomes
//
//   B X B' = S X B' - T X B' = N' (D (N X)) B' - T ((X M') E) M
//
// N, M: pixels to nodes of the rows and of the columns; D, E: blurs among nodes. The exact taps B'
// and T run on thin planes, of nodes by columns and of rows by nodes. T X B' only needs to be right
// to half a per cent, so M is a much coarser grid than N. `fast` leaves T out.
//
// Multiply-adds a pixel: 2 * 7 for N, 9 for B' on its thin plane, 2 * 3 for M, 2 for T, and three
// transposes; the same at every sigma and size.
#include "kernels/blur/coarse/coarse.hpp"

#include <cstring>

#include "kernels/blur/coarse/node_grid.hpp"
#include "kernels/blur/tail_correction.hpp"
#include "kernels/blur/taps.hpp"
#include "runtime/integers.hpp"

namespace hotcold {
namespace {

// Largest sums of absolute errors of a row of the operator, over sizes and sigmas: 4e-7, 7e-5 (and
// the tail's 6.3e-5), 5e-3.
constexpr NodeDesign kExactNodes = {0.46, 7, 2.5 * 7, 1e-7};
constexpr NodeDesign kFastNodes = {0.62, 5, 2.35 * 5, 1e-5};

template <typename T>
class CoarseBlur final : public BlurMethod<T> {
  public:
    CoarseBlur(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x, bool exact)
        : fir_(fir_ops<T>()),
          ops_(node_ops<T>()),
          rows_(rows),
          columns_(columns),
          grid_(rows, sigma_y, exact ? kExactNodes : kFastNodes, uncut_sum(sigma_y)),
          taps_x_(gaussian_taps(sigma_x, columns)) {
        if (exact) tail_ = std::make_unique<Tail<T>>(rows, columns, sigma_y, sigma_x);
    }

    std::size_t workspace_bytes() const override {
        return column_panel_bytes() + lying_bytes() + margin_bytes() +
               (tail_ != nullptr ? tail_->workspace_bytes() : 0);
    }

    std::size_t apply(const PlaneReader<T>& from, const PrefetchRange&, T* plane,
                      std::byte* scratch, const Team& team) const override {
        // Fetching the next plane during blur_across(), the longest arithmetic here, gains nothing:
        // at 10 us it is no longer than the fetching takes.
        const std::size_t bad = from.read(plane, team);
        std::byte* tail_scratch = scratch + column_panel_bytes() + lying_bytes() + margin_bytes();
        const Groups groups(full_panels(), ops_.group, team);
        const std::size_t gathered = groups.tasks() + (margin() > 0 ? 1 : 0);
        team.for_each(gathered, [&](std::size_t task) {
            if (task < groups.tasks()) {
                spread(plane + groups.begin(task) * lanes(), as_signed(columns_),
                       as_signed(lanes()), scratch, groups.begin(task), groups.size(task));
            } else {
                gather_margin(plane, scratch);
            }
        });
        if (tail_ != nullptr) gather_tail(plane, tail_scratch, team);
        const std::size_t across = node_panels();
        team.for_each(across + (tail_ != nullptr ? tail_->blur_tasks() : 0), [&](std::size_t task) {
            if (task < across) {
                blur_across(scratch, task);
            } else {
                tail_->blur(tail_scratch, task - across);
            }
        });
        if (tail_ != nullptr) tail_->extend(tail_scratch);
        team.for_each(gathered, [&](std::size_t task) {
            if (task < groups.tasks()) {
                spread(plane + groups.begin(task) * lanes(), as_signed(columns_),
                       as_signed(lanes()), scratch, tail_scratch, groups.begin(task),
                       groups.size(task));
            } else {
                spread_margin(plane, scratch, tail_scratch);
            }
        });
        return bad;
    }

  private:
    void gather_tail(const T* plane, std::byte* scratch, const Team& team) const {
        const Groups groups = tail_->spread_tasks(team);
        for (std::size_t first = 0; first < groups.tasks(); first += tail_->parts()) {
            const std::size_t count = std::min(tail_->parts(), groups.tasks() - first);
            team.for_each(count, [&](std::size_t task) {
                tail_->spread(plane, scratch, groups, first + task, team);
            });
        }
    }

    // Rows to nodes for `vectors` panels from `first` on; blurred among themselves, they lie down.
    void spread(const T* from, std::ptrdiff_t row, std::ptrdiff_t vector, std::byte* scratch,
                std::size_t first, std::size_t vectors) const {
        T* panels = at(scratch, 0) + first * column_panel().size();
        ops_.spread(grid_.weights(), {from, row, vector},
                    {column_panel().row(panels, 0) - grid_.overhang() * lanes(), as_signed(lanes()),
                     as_signed(column_panel().size())},
                    vectors);
        for (std::size_t v = 0; v < vectors; ++v) {
            T* panel = panels + v * column_panel().size();
            column_panel().fold(panel, grid_.overhang());
            column_panel().reflect(panel);
            fir_.transposed(
                column_panel().row(panel, 0), grid_.nodes(), grid_.blur().view(),
                row_panel().row(at(scratch, column_panel_bytes()), (first + v) * lanes()),
                as_signed(row_panel().size()), {});
        }
    }

    // The columns that do not fill a panel, through a copy that does.
    void gather_margin(const T* plane, std::byte* scratch) const {
        T* copy = at(scratch, column_panel_bytes() + lying_bytes());
        const T* from = plane + full_panels() * lanes();
        for (std::size_t y = 0; y < rows_; ++y) {
            for (std::size_t x = 0; x < lanes(); ++x) {
                copy[y * lanes() + x] = x < margin() ? from[y * columns_ + x] : T{0};
            }
        }
        spread(copy, as_signed(lanes()), 0, scratch, full_panels(), 1);
    }

    // Exact taps along the rows of 16 nodes, which stand up again.
    void blur_across(std::byte* scratch, std::size_t index) const {
        T* panel = at(scratch, column_panel_bytes()) + index * row_panel().size();
        row_panel().reflect(panel);
        fir_.transposed(row_panel().row(panel, 0), columns_, taps_x_.view(),
                        column_panel().row(at(scratch, 0), index * lanes()),
                        as_signed(column_panel().size()), {});
    }

    void spread(T* to, std::ptrdiff_t row, std::ptrdiff_t vector, std::byte* scratch,
                std::byte* tail_scratch, std::size_t first, std::size_t vectors) const {
        T* panels = at(scratch, 0) + first * column_panel().size();
        for (std::size_t v = 0; v < vectors; ++v) {
            column_panel().reflect(panels + v * column_panel().size());
        }
        const VectorRows<const T> from = {
            column_panel().row(panels, 0) - grid_.overhang() * lanes(), as_signed(lanes()),
            as_signed(column_panel().size())};
        AcrossNodes<T> across = {};
        if (tail_ != nullptr) across = tail_->across(tail_scratch, first);
        ops_.interpolate(grid_.weights(), from, {to, row, vector}, vectors,
                         tail_ != nullptr ? &across : nullptr);
    }

    void spread_margin(T* plane, std::byte* scratch, std::byte* tail_scratch) const {
        T* copy = at(scratch, column_panel_bytes() + lying_bytes());
        spread(copy, as_signed(lanes()), 0, scratch, tail_scratch, full_panels(), 1);
        T* to = plane + full_panels() * lanes();
        for (std::size_t y = 0; y < rows_; ++y) {
            std::memcpy(to + y * columns_, copy + y * lanes(), margin() * sizeof(T));
        }
    }

    static T* at(std::byte* scratch, std::size_t offset) {
        return reinterpret_cast<T*>(scratch + offset);
    }

    std::size_t lanes() const { return fir_.lanes; }
    std::size_t full_panels() const { return columns_ / lanes(); }
    std::size_t margin() const { return columns_ % lanes(); }
    std::size_t node_panels() const { return ceil_div(grid_.nodes(), lanes()); }
    PanelShape<T> column_panel() const {
        return {lanes(), grid_.nodes(), std::max(grid_.overhang(), grid_.blur().radius())};
    }
    PanelShape<T> row_panel() const { return {lanes(), columns_, taps_x_.radius()}; }

    std::size_t column_panel_bytes() const {
        return Workspace::bytes_for<T>(column_panel().size() * (full_panels() + 1));
    }
    std::size_t lying_bytes() const {
        return Workspace::bytes_for<T>(row_panel().size() * node_panels());
    }
    std::size_t margin_bytes() const {
        return margin() > 0 ? Workspace::bytes_for<T>(rows_ * lanes()) : 0;
    }

    const FirOps<T>& fir_;
    const NodeOps<T>& ops_;
    std::size_t rows_;
    std::size_t columns_;
    NodeGrid<T> grid_;
    OrderedTaps<T> taps_x_;
    std::unique_ptr<const Tail<T>> tail_;
};

}  // namespace

template <typename T>
std::unique_ptr<BlurMethod<T>> make_coarse_blur(std::size_t rows, std::size_t columns,
                                                double sigma_y, double sigma_x, bool exact) {
    return std::make_unique<CoarseBlur<T>>(rows, columns, sigma_y, sigma_x, exact);
}

template std::unique_ptr<BlurMethod<float>> make_coarse_blur(std::size_t, std::size_t, double,
                                                             double, bool);
template std::unique_ptr<BlurMethod<double>> make_coarse_blur(std::size_t, std::size_t, double,
                                                              double, bool);

}  // namespace hotcold
