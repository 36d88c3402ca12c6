// Panels: strips of a plane one register wide, with reflected rows at both ends. See fir.simd.hpp.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "kernels/blur/fir.simd.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

template <typename T>
const FirOps<T>& fir_ops();

inline std::size_t round_up(std::size_t n, std::size_t step) {
    return (n + step - 1) / step * step;
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
        const std::size_t bytes = lanes * sizeof(T);
        T* begin = row(panel, 0);
        T* end = row(panel, rows);
        for (std::size_t i = 0; i < reach; ++i) {
            std::memcpy(begin - (i + 1) * lanes, begin + i * lanes, bytes);
        }
        for (std::size_t i = 0; i < reach; ++i) {
            std::memcpy(end + i * lanes, end - (i + 1) * lanes, bytes);
        }
    }
};

// One-sided taps in the order that FirTaps wants them.
template <typename T>
class OrderedTaps {
  public:
    explicit OrderedTaps(const std::vector<double>& taps) : weights_(taps.size()) {
        for (std::size_t k = 0; k < taps.size(); ++k) {
            weights_[taps.size() - 1 - k] = static_cast<T>(k == 0 ? 0.5 * taps[k] : taps[k]);
        }
    }
    std::size_t radius() const { return weights_.size() - 1; }
    FirTaps<T> view() const { return {weights_.data(), weights_.size(), radius()}; }

  private:
    std::vector<T> weights_;
};

}  // namespace hotcold
