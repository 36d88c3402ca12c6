#include "kernels/blur/taps.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

constexpr double kTruncate = 4.0;
constexpr double kTailEnd = 5.1;
constexpr double kPi = 3.14159265358979323846;

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
    const double integral =
        std::sqrt(kPi / 2.0) * (std::erf(b / std::sqrt(2.0)) - std::erf(a / std::sqrt(2.0)));
    const double slopes = a * fa - b * fb;                                         // f'(b) - f'(a)
    const double third = (3.0 * b - b * b * b) * fb - (3.0 * a - a * a * a) * fa;  // f'''
    return integral / h + 0.5 * (fa + fb) + h / 12.0 * slopes - h * h * h / 720.0 * third;
}

// Every pixel pair gets what its 2n-periodic images weigh together.
std::vector<double> wide_taps(double sigma, std::size_t n) {
    std::vector<double> taps(n + 1, 1.0);
    const double length = static_cast<double>(n);
    // The folded weights differ by one image more or less at the cut: a fraction below
    // 1.4e-4 * 2n / sigma of the whole, 3e-13 here. Flat from there on; 4 sigma may even overflow.
    if (sigma < 1e9 * length) {
        const double radius = std::floor(kTruncate * sigma + 0.5);
        for (std::size_t k = 0; k <= n; ++k) {
            taps[k] = wrapped_sum(static_cast<double>(k), 2.0 * length, radius, sigma);
        }
    }
    return taps;
}

// Where distance k lies on an axis that repeats every 2n pixels: k or its mirror image, at most n.
std::size_t folded_place(std::size_t k, std::size_t n) {
    const std::size_t place = k % (2 * n);
    return place <= n ? place : 2 * n - place;
}

// Gaussian weights of distances first to last, folded; not normalised.
std::vector<double> folded_weights(double sigma, std::size_t n, std::size_t first,
                                   std::size_t last) {
    std::vector<double> taps(std::min(last, n) + 1, 0.0);
    for (std::size_t k = first; k <= last; ++k) {
        if (k % 65536 == 65535) check_interrupt();  // there may be billions
        const std::size_t place = k <= n ? k : folded_place(k, n);
        // Both pixels of a pair that comes back to 0 are the centre itself.
        const double pixels = place == 0 && k > 0 ? 2.0 : 1.0;
        taps[place] += pixels * gaussian(static_cast<double>(k), sigma);
    }
    return taps;
}

std::size_t cut_radius(double sigma) { return static_cast<std::size_t>(kTruncate * sigma + 0.5); }

double both_sides(const std::vector<double>& taps) {
    double sum = 0.0;
    for (std::size_t k = taps.size(); k-- > 1;) sum += 2.0 * taps[k];
    return sum + taps[0];
}

// From here on formulas take the place of sums over 4 sigma weights.
bool is_wide(double sigma, std::size_t n) { return sigma >= 50.0 * static_cast<double>(n); }

// The part of an uncut Gaussian's weight that lies within the cut. By Poisson's formula the uncut
// weights sum to sigma sqrt(2 pi), to exp(-2 pi^2 sigma^2).
double kept_fraction(double sigma) {
    // The integral up to half a pixel past the last weight: the error is 2e-5 / sigma^2.
    constexpr double kSmooth = 1e4;
    if (sigma >= kSmooth) {
        // Which lies within half a pixel of 4 sigma; 4 sigma itself may overflow.
        const double past = sigma < 1e9 ? std::floor(kTruncate * sigma + 0.5) + 0.5 : 0.0;
        return std::erf((past > 0.0 ? past / sigma : kTruncate) / std::sqrt(2.0));
    }
    double sum = 0.0;
    for (std::size_t k = cut_radius(sigma); k >= 1; --k) {
        sum += 2.0 * gaussian(static_cast<double>(k), sigma);
    }
    return (sum + 1.0) / (sigma * std::sqrt(2.0 * kPi));
}

}  // namespace

std::vector<double> gaussian_taps(double sigma, std::size_t n) {
    if (sigma <= 0.0 || n == 1) return {1.0};
    const bool wide = is_wide(sigma, n);
    std::vector<double> taps =
        wide ? wide_taps(sigma, n) : folded_weights(sigma, n, 0, cut_radius(sigma));
    // In wide taps the pair n away is one pixel seen from both sides, each side being half of it.
    if (wide) taps[n] *= 0.5;
    const double sum = both_sides(taps);
    for (double& tap : taps) tap /= sum;
    return taps;
}

double uncut_sum(double sigma) { return 1.0 / kept_fraction(sigma); }

TailTaps tail_taps(double sigma, std::size_t n) {
    if (is_wide(sigma, n)) {
        // The uncut Gaussian is flat on such an axis.
        TailTaps tail = {gaussian_taps(sigma, n), 0};
        const double flat = uncut_sum(sigma) / (2.0 * static_cast<double>(n));
        for (double& tap : tail.taps) tap = flat - tap;
        tail.taps[n] -= 0.5 * flat;
        return tail;
    }
    const std::size_t begin = cut_radius(sigma) + 1;
    const auto end = static_cast<std::size_t>(kTailEnd * sigma + 0.5);
    TailTaps tail = {folded_weights(sigma, n, begin, end), 0};
    const double sum = kept_fraction(sigma) * sigma * std::sqrt(2.0 * kPi);
    for (double& tap : tail.taps) tap /= sum;
    if (end <= n) {
        tail.first = begin;
        tail.taps.erase(tail.taps.begin(), tail.taps.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    return tail;
}

}  // namespace hotcold
