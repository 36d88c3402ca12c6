#include "kernels/compare/ssim.hpp"

#include <algorithm>

#include "runtime/interrupt.hpp"

namespace hotcold {

void Ssim::add_row(const double* a, const double* b, std::size_t columns, double factor) {
    double* const sa = sums_.data();
    double* const sb = sa + columns;
    double* const saa = sb + columns;
    double* const sbb = saa + columns;
    double* const sab = sbb + columns;
    for (std::size_t x = 0; x < columns; ++x) {
        sa[x] += factor * a[x];
        sb[x] += factor * b[x];
        saa[x] += factor * (a[x] * a[x]);
        sbb[x] += factor * (b[x] * b[x]);
        sab[x] += factor * (a[x] * b[x]);
    }
}

double Ssim::mean(const double* a, const double* b, std::size_t rows, std::size_t columns,
                  double range) {
    constexpr double kPixels = static_cast<double>(kSsimWindow * kSsimWindow);
    // Covariances of a sample, as in the paper's code.
    constexpr double kOfSample = kPixels / (kPixels - 1.0);
    const double c1 = (0.01 * range) * (0.01 * range);
    const double c2 = (0.03 * range) * (0.03 * range);
    sums_.assign(5 * columns, 0.0);
    const std::size_t windows = columns - kSsimWindow + 1;
    double all = 0.0;
    for (std::size_t y = 0; y < rows; ++y) {
        if (y % 64 == 63) check_interrupt();
        add_row(a + y * columns, b + y * columns, columns, 1.0);
        if (y + 1 < kSsimWindow) continue;
        double in_row = 0.0;
        for (std::size_t x = 0; x < windows; ++x) {
            double sum[5];
            for (std::size_t k = 0; k < 5; ++k) {
                const double* const s = sums_.data() + k * columns + x;
                sum[k] = (((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + s[6])) / kPixels;
            }
            const double ua = sum[0];
            const double ub = sum[1];
            const double va = kOfSample * (sum[2] - ua * ua);
            const double vb = kOfSample * (sum[3] - ub * ub);
            const double vab = kOfSample * (sum[4] - ua * ub);
            in_row += ((2.0 * ua * ub + c1) * (2.0 * vab + c2)) /
                      ((ua * ua + ub * ub + c1) * (va + vb + c2));
        }
        all += in_row;
        const std::size_t top = (y + 1 - kSsimWindow) * columns;
        add_row(a + top, b + top, columns, -1.0);
    }
    return all / static_cast<double>(windows) / static_cast<double>(rows - kSsimWindow + 1);
}

}  // namespace hotcold
