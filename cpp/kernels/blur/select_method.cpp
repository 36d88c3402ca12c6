#include "kernels/blur/select_method.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/blur/coarse/coarse.hpp"
#include "kernels/blur/fir.hpp"
#include "kernels/blur/panels.hpp"
#include "runtime/integers.hpp"

namespace hotcold {
namespace {

struct Axis {
    std::size_t pixels;
    double sigma;

    // 4 sigma + 0.5 below 1 leaves the centre tap alone, and one pixel reflects onto itself.
    bool untouched() const { return pixels == 1 || 4.0 * sigma + 0.5 < 1.0; }
    bool takes_nodes() const { return pixels > 1 && sigma >= kCoarseSigma; }
    double taps() const { return std::min(4.0 * sigma + 0.5, static_cast<double>(pixels)) + 1.0; }
    double padded(std::size_t lanes) const { return static_cast<double>(round_up(pixels, lanes)); }
    double nodes(double spacing, std::size_t lanes) const {
        const double count = static_cast<double>(pixels) / (spacing * sigma);
        return static_cast<double>(round_up(static_cast<std::size_t>(count) + 1, lanes));
    }
};

// Costs are in multiply-adds, those of whole registers. The constants beside the counts of each
// method stand for its transposes, loads and stores; fitted 2026-11 on Zen 4 at all three levels
// over sizes 24 to 400 and sigmas 3 to 40: within 10 % from 96 pixels on, 30 % below. The pace at
// 512 bits was fitted again where both take as long (sizes 48 to 400, batches beyond L2).
double fir_cost(const Axis& y, const Axis& x, std::size_t lanes) {
    return y.padded(lanes) * x.padded(lanes) * (y.taps() + x.taps() + 6.0);
}

// `pace`: what a register costs here against one of fir_cost().
double coarse_cost(const Axis& y, const Axis& x, std::size_t lanes, bool exact, double pace) {
    const double rows = static_cast<double>(y.pixels);
    const double width = x.padded(lanes);
    const double nodes = y.nodes(exact ? 0.46 : 0.62, lanes);
    double cost = rows * width * (exact ? 16.0 : 12.0) + nodes * width * (x.taps() + 20.0);
    if (exact) {
        const double tail = std::min(1.1 * y.sigma, rows);
        cost += y.padded(lanes) * width * 11.0;
        cost += y.padded(lanes) * x.nodes(0.7, lanes) * (tail + 16.0);
    }
    const double setup = 15000.0 + 200.0 * static_cast<double>(y.pixels + x.pixels);
    return pace * cost + setup;
}

enum class Way { kNone, kTaps, kNodes };

template <typename T>
Way select_method(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                  BlurAccuracy accuracy) {
    const Axis y = {rows, sigma_y};
    const Axis x = {columns, sigma_x};
    if (y.untouched() && x.untouched()) return Way::kNone;
    const bool exact = accuracy == BlurAccuracy::kExact;
    const bool possible =
        exact ? std::is_same_v<T, float> && y.takes_nodes() && x.takes_nodes() : y.takes_nodes();
    const std::size_t lanes = fir_ops<T>().lanes;
    // With 512 bits long runs of taps go at the full rate of the multiply-adds.
    const double pace = lanes * sizeof(T) == 64 ? 1.24 : 1.1;
    if (possible && coarse_cost(y, x, lanes, exact, pace) < fir_cost(y, x, lanes)) {
        return Way::kNodes;
    }
    return Way::kTaps;
}

}  // namespace

template <typename T>
std::unique_ptr<BlurMethod<T>> make_blur(std::size_t rows, std::size_t columns, double sigma_y,
                                         double sigma_x, BlurAccuracy accuracy) {
    switch (select_method<T>(rows, columns, sigma_y, sigma_x, accuracy)) {
        case Way::kNodes:
            return make_coarse_blur<T>(rows, columns, sigma_y, sigma_x,
                                       accuracy == BlurAccuracy::kExact);
        case Way::kTaps:
            return make_fir_blur<T>(rows, columns, sigma_y, sigma_x);
        case Way::kNone:
            break;
    }
    return nullptr;
}

template <typename T>
const char* method_name(std::size_t rows, std::size_t columns, double sigma_y, double sigma_x,
                        BlurAccuracy accuracy) {
    switch (select_method<T>(rows, columns, sigma_y, sigma_x, accuracy)) {
        case Way::kNodes:
            return accuracy == BlurAccuracy::kExact ? "nodes with tail" : "nodes";
        case Way::kTaps:
            return "fir";
        case Way::kNone:
            break;
    }
    return "identity";
}

template std::unique_ptr<BlurMethod<float>> make_blur(std::size_t, std::size_t, double, double,
                                                      BlurAccuracy);
template std::unique_ptr<BlurMethod<double>> make_blur(std::size_t, std::size_t, double, double,
                                                       BlurAccuracy);
template const char* method_name<float>(std::size_t, std::size_t, double, double, BlurAccuracy);
template const char* method_name<double>(std::size_t, std::size_t, double, double, BlurAccuracy);

}  // namespace hotcold
