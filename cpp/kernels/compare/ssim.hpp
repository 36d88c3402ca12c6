// Structural similarity of two maps (Wang, Bovik, Sheikh, Simoncelli, 2004).
#pragma once

#include <cstddef>
#include <vector>

namespace hotcold {

constexpr std::size_t kSsimWindow = 7;  // rows and columns

// The mean over all windows of 7 x 7 pixels that lie in the maps, as skimage.metrics has it with
// structural_similarity(a, b, data_range=range). rows and columns >= 7.
class Ssim {
  public:
    double mean(const double* a, const double* b, std::size_t rows, std::size_t columns,
                double range);

  private:
    void add_row(const double* a, const double* b, std::size_t columns, double factor);

    // For each column the sums over a window's rows: of a, b, a a, b b and a b.
    std::vector<double> sums_;
};

}  // namespace hotcold
