// The part of the exact blur that a coarse grid leaves out; see coarse.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/blur/coarse/node_grid.hpp"
#include "kernels/blur/taps.hpp"
#include "runtime/integers.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// Its grid is coarser still: right to 5e-3 of the tail.
constexpr NodeDesign kTailNodes = {0.70, 3, 2.4 * 3, 1e-3};

inline std::ptrdiff_t as_signed(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

// Tasks for `count` vectors: groups that the kernels like, smaller ones when threads would idle.
struct Groups {
    std::size_t count;
    std::size_t step;

    Groups(std::size_t vectors, std::size_t group, const Team& team) : count(vectors), step(group) {
        const auto threads = static_cast<std::size_t>(team.n_threads());
        if (threads > 1 && vectors < 4 * threads * group) step = 1;
    }
    std::size_t tasks() const { return ceil_div(count, step); }
    std::size_t begin(std::size_t task) const { return task * step; }
    std::size_t size(std::size_t task) const { return std::min(step, count - task * step); }
};

// The tail: T ((X M') E), ready to be added while the rows are made from their nodes.
template <typename T>
class Tail {
  public:
    Tail(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x)
        : fir_(fir_ops<T>()),
          ops_(node_ops<T>()),
          rows_(rows),
          columns_(columns),
          grid_(columns, sigma_x, kTailNodes, uncut_sum(sigma_x)),
          taps_(negated_tail(sigma_y, rows)) {
        const std::size_t panels = ceil_div(columns, lanes());
        lane_.resize(panels * lanes());
        for (std::size_t x = 0; x < panels * lanes(); ++x) {
            const std::size_t begin = grid_.first(x / lanes() * lanes());
            const std::size_t away = grid_.first(std::min(x, columns - 1)) - begin;
            if (x % lanes() == 0) first_.push_back(begin);
            if (!ops_.picks) width_ = std::max(width_, kPicked + away);
            lane_[x] = static_cast<std::int32_t>(away);
        }
        if (width_ > 6) width_ = kMaxAcross;
        weights_.assign(panels * width_ * lanes(), T{0});
        for (std::size_t x = 0; x < panels * lanes(); ++x) {
            const T* from = grid_.weights().weights + std::min(x, columns - 1) * kPicked;
            const std::size_t begin = ops_.picks ? 0 : static_cast<std::size_t>(lane_[x]);
            for (std::size_t j = 0; j < kPicked; ++j) {
                weights_[(x / lanes() * width_ + begin + j) * lanes() + x % lanes()] = from[j];
            }
        }
    }

    std::size_t workspace_bytes() const {
        return packed_bytes() + nodes_bytes() + column_panel_bytes() +
               Workspace::bytes_for<T>(rows_ * pitch());
    }

    Groups spread_tasks(const Team& team) const { return {blocks(), ops_.group, team}; }

    // Nodes of the columns for a group of row blocks, into column panels.
    void spread(const T* plane, std::byte* scratch, const Groups& groups, std::size_t task,
                const Team& team) const {
        const std::size_t part = team.n_threads() > 1 ? task % parts() : 0;
        const std::size_t vectors = groups.size(task);
        T* packed = at(scratch, 0) + part * ops_.group * packed_size();
        T* nodes = at(scratch, packed_bytes()) + part * ops_.group * row_panel().size();
        for (std::size_t v = 0; v < vectors; ++v) {
            const std::size_t y = (groups.begin(task) + v) * lanes();
            fir_.pack(plane + y * columns_, as_signed(columns_), std::min(lanes(), rows_ - y),
                      columns_, packed + v * packed_size());
        }
        ops_.spread(grid_.weights(), {packed, as_signed(lanes()), as_signed(packed_size())},
                    {row_panel().row(nodes, 0) - grid_.overhang() * lanes(), as_signed(lanes()),
                     as_signed(row_panel().size())},
                    vectors);
        T* column_panels = at(scratch, packed_bytes() + nodes_bytes());
        for (std::size_t v = 0; v < vectors; ++v) {
            T* panel = nodes + v * row_panel().size();
            row_panel().fold(panel, grid_.overhang());
            row_panel().reflect(panel);
            fir_.transposed(row_panel().row(panel, 0), grid_.nodes(), grid_.blur().view(),
                            column_panel().row(column_panels, (groups.begin(task) + v) * lanes()),
                            as_signed(column_panel().size()), {});
        }
    }

    // How many spread() tasks may be in work at once.
    std::size_t parts() const { return std::min<std::size_t>(kMaxParts, blocks()); }

    // The tail's taps down the panel of nodes `task`, into rows of nodes.
    std::size_t blur_tasks() const { return ceil_div(grid_.nodes(), lanes()); }
    void blur(std::byte* scratch, std::size_t task) const {
        T* panel = at(scratch, packed_bytes() + nodes_bytes()) + task * column_panel().size();
        column_panel().reflect(panel);
        fir_.rows(column_panel().row(panel, 0), rows_, taps_.view(),
                  row_nodes(scratch) + grid_.overhang() + task * lanes(), as_signed(pitch()),
                  std::min(lanes(), grid_.nodes() - task * lanes()), nullptr, {});
    }

    // Nodes beyond both ends of each row; those past them get a weight of 0, so they must be
    // numbers.
    void extend(std::byte* scratch) const {
        const PanelShape<T> one = {1, grid_.nodes(), grid_.overhang()};
        const std::size_t used = grid_.nodes() + 2 * grid_.overhang();
        for (std::size_t y = 0; y < rows_; ++y) {
            T* row = row_nodes(scratch) + y * pitch();
            one.reflect(row);
            std::fill(row + used, row + used + width_ - kPicked, T{0});
        }
    }

    AcrossNodes<T> across(std::byte* scratch, std::size_t panel) const {
        return {row_nodes(scratch),
                as_signed(pitch()),
                width_,
                first_.data() + panel,
                lane_.data() + panel * lanes(),
                weights_.data() + panel * width_ * lanes()};
    }

  private:
    static constexpr std::size_t kPicked = AcrossNodes<T>::kPicked;
    static constexpr std::size_t kMaxParts = 16;

    static OrderedTaps<T> negated_tail(double sigma, std::size_t n) {
        TailTaps tail = tail_taps(sigma, n);
        for (double& tap : tail.taps) tap = -tap;
        return OrderedTaps<T>(tail.taps, tail.first);
    }

    static T* at(std::byte* scratch, std::size_t offset) {
        return reinterpret_cast<T*>(scratch + offset);
    }
    T* row_nodes(std::byte* scratch) const {
        return at(scratch, packed_bytes() + nodes_bytes() + column_panel_bytes());
    }

    std::size_t lanes() const { return fir_.lanes; }
    std::size_t blocks() const { return ceil_div(rows_, lanes()); }
    std::size_t packed_size() const { return round_up(columns_, lanes()) * lanes(); }
    PanelShape<T> row_panel() const {
        return {lanes(), grid_.nodes(), std::max(grid_.overhang(), grid_.blur().radius())};
    }
    PanelShape<T> column_panel() const { return {lanes(), rows_, taps_.radius()}; }
    std::size_t pitch() const { return 2 * grid_.overhang() + grid_.nodes() + lanes() + kPicked; }

    std::size_t packed_bytes() const {
        return Workspace::bytes_for<T>(packed_size() * ops_.group * parts());
    }
    std::size_t nodes_bytes() const {
        return Workspace::bytes_for<T>(row_panel().size() * ops_.group * parts());
    }
    std::size_t column_panel_bytes() const {
        return Workspace::bytes_for<T>(column_panel().size() * blur_tasks());
    }

    const FirOps<T>& fir_;
    const NodeOps<T>& ops_;
    std::size_t rows_;
    std::size_t columns_;
    NodeGrid<T> grid_;
    OrderedTaps<T> taps_;
    std::size_t width_ = kPicked;
    std::vector<std::size_t> first_;
    std::vector<std::int32_t> lane_;
    std::vector<T> weights_;
};

}  // namespace hotcold
