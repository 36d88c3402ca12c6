#include "kernels/blur/taps.hpp"

#include <algorithm>
#include <cmath>

namespace hotcold {
namespace {

constexpr double kTruncate = 4.0;

double gaussian(double distance, double sigma) {
    const double z = distance / sigma;
    return std::exp(-0.5 * z * z);
}

// Sum of the Gaussian over every second period: positions p + 2n m, m any integer, inside
// [-radius, radius], by the Euler-Maclaurin formula with two correction terms. The first term left
// out is below 2e-6 (2n / sigma)^6 of the sum: 1e-14 from sigma = 50 n on.
double wrapped_sum(double p, double period, double radius, double sigma) {
    const double last = p + period * std::floor((radius - p) / period);
    const double first = p - period * std::floor((radius + p) / period);
    const double h = period / sigma;
    const double a = first / sigma;
    const double b = last / sigma;
    const double fa = std::exp(-0.5 * a * a);
    const double fb = std::exp(-0.5 * b * b);
    const double integral = std::sqrt(std::acos(-1.0) / 2.0) *
                            (std::erf(b / std::sqrt(2.0)) - std::erf(a / std::sqrt(2.0)));
    const double slopes = a * fa - b * fb;                                         // f'(b) - f'(a)
    const double third = (3.0 * b - b * b * b) * fb - (3.0 * a - a * a * a) * fa;  // f'''
    return integral / h + 0.5 * (fa + fb) + h / 12.0 * slopes - h * h * h / 720.0 * third;
}

// Every pixel pair gets what its 2n-periodic images weigh together.
std::vector<double> wide_taps(double sigma, std::size_t n) {
    std::vector<double> taps(n + 1, 1.0);
    const double length = static_cast<double>(n);
    // The folded weights differ by one image more or less at the cut: a share below
    // 1.4e-4 * 2n / sigma of the whole, 3e-13 here. Flat from there on; 4 sigma may even overflow.
    if (sigma < 1e9 * length) {
        const double radius = std::floor(kTruncate * sigma + 0.5);
        for (std::size_t k = 0; k <= n; ++k) {
            taps[k] = wrapped_sum(static_cast<double>(k), 2.0 * length, radius, sigma);
        }
    }
    return taps;
}

std::vector<double> narrow_taps(double sigma, std::size_t n) {
    const auto radius = static_cast<std::size_t>(kTruncate * sigma + 0.5);
    std::vector<double> taps(std::min(radius, n) + 1, 0.0);
    taps[0] = 1.0;
    std::size_t place = 0;
    bool away = true;  // walking from 0 to n, or back
    for (std::size_t k = 1; k <= radius; ++k) {
        place = away ? place + 1 : place - 1;
        if (place == n) away = false;
        if (place == 0) away = true;
        // Both pixels of a pair that comes back to 0 are the centre itself.
        taps[place] += (place == 0 ? 2.0 : 1.0) * gaussian(static_cast<double>(k), sigma);
    }
    return taps;
}

}  // namespace

std::vector<double> gaussian_taps(double sigma, std::size_t n) {
    if (sigma <= 0.0 || n == 1) return {1.0};
    const bool wide = sigma >= 50.0 * static_cast<double>(n);
    std::vector<double> taps = wide ? wide_taps(sigma, n) : narrow_taps(sigma, n);
    // In wide taps the pair n away is one pixel seen from both sides, each side being half of it.
    if (wide) taps[n] *= 0.5;
    double sum = taps[0];
    for (std::size_t k = taps.size(); k-- > 1;) sum += 2.0 * taps[k];
    for (double& tap : taps) tap /= sum;
    return taps;
}

}  // namespace hotcold
