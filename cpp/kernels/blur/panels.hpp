// Panels: strips of a plane one register wide, with reflected rows at both ends. See fir.ops.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/blur/fir.ops.hpp"
#include "runtime/integers.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

template <typename T>
const FirOps<T>& fir_ops();

// The row that `reflect` puts i rows before the first of `rows`; rows - 1 minus it: i rows past the
// last.
inline std::size_t mirrored(std::size_t i, std::size_t rows) {
    const std::size_t place = i % (2 * rows);
    return place < rows ? place : 2 * rows - 1 - place;
}

// The shape of a panel whose `rows` rows are to be blurred with taps that reach `reach` <= rows.
template <typename T>
struct PanelShape {
    std::size_t lanes;
    std::size_t rows;
    std::size_t reach;

    // Elements from one panel to the next: whole squares of rows, so that a panel may be filled and
    // read in squares.
    std::size_t size() const { return (2 * reach + round_up(rows, lanes)) * lanes; }

    T* row(T* panel, std::size_t y) const { return panel + (reach + y) * lanes; }

    // Fills the rows beyond both ends: c b a | a b c | c b a.
    void reflect(T* panel) const {
        if (lanes == fir_ops<T>().lanes) return fir_ops<T>().reflect(row(panel, 0), rows, reach);
        T* const begin = row(panel, 0);
        T* const last = row(panel, rows - 1);
        for (std::size_t i = 0; i < reach; ++i) {
            const std::size_t away = mirrored(i, rows);
            std::copy_n(begin + away * lanes, lanes, begin - (i + 1) * lanes);
            std::copy_n(last - away * lanes, lanes, last + (i + 1) * lanes);
        }
    }

    // The other way round: adds what `count` <= reach rows beyond both ends hold to the rows that
    // they mirror. `lanes` as in fir_ops().
    void fold(T* panel, std::size_t count) const { fir_ops<T>().fold(row(panel, 0), rows, count); }
};

// One-sided taps in the order that FirTaps wants them.
template <typename T>
class OrderedTaps {
  public:
    // taps[i] belongs to distance `first` + i.
    explicit OrderedTaps(const std::vector<double>& taps, std::size_t first = 0)
        : weights_(taps.size()), radius_(first + taps.size() - 1) {
        for (std::size_t i = 0; i < taps.size(); ++i) {
            const double weight = first + i == 0 ? 0.5 * taps[i] : taps[i];
            weights_[taps.size() - 1 - i] = static_cast<T>(weight);
        }
    }
    std::size_t radius() const { return radius_; }
    FirTaps<T> view() const { return {weights_.data(), weights_.size(), radius_}; }

  private:
    std::vector<T> weights_;
    std::size_t radius_;
};

}  // namespace hotcold
