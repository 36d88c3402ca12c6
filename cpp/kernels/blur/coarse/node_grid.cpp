#include "kernels/blur/coarse/node_grid.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/integers.hpp"

namespace hotcold {

// I0(sqrt(x)) = sum over k of (x / 4)^k / k!^2 for 0 <= x <= most, relative to its value at `most`.
class BesselSeries {
  public:
    explicit BesselSeries(double most) {
        double term = 1.0;  // at x = most
        double sum = 0.0;
        for (count_ = 0; count_ < kMaxTerms && term > 1e-11 * sum; ++count_) {
            coefficients_[count_] = term;
            sum += term;
            const double next = static_cast<double>(count_ + 1);
            term *= 0.25 * most / (next * next);
        }
        for (std::size_t k = 0; k < count_; ++k) coefficients_[k] /= sum;
    }
    // Replaces y by the value at most * y, 0 <= y <= 1. `values` may grow by some scratch.
    void at_each(std::vector<double>& values, Polynomial polynomial) const {
        const std::size_t count = values.size();
        values.resize(round_up(count, kPolynomialStep));
        polynomial(values.data(), count, coefficients_, count_);
    }
    // 1 / I0(sqrt(most)).
    double at_zero() const { return coefficients_[0]; }

  private:
    static constexpr std::size_t kMaxTerms = 40;
    double coefficients_[kMaxTerms];
    std::size_t count_ = 0;
};

namespace {

constexpr double kPi = 3.14159265358979323846;

std::size_t count_nodes(std::size_t pixels, double sigma, const NodeDesign& design) {
    const double wanted = std::ceil(static_cast<double>(pixels) / (design.spacing * sigma));
    return std::max<std::size_t>(1, static_cast<std::size_t>(wanted));
}

// What the blur among nodes must do to a wave of `angle` radians from node to node, so that window,
// blur and window together do what the Gaussian does.
double node_response(double angle, double spacing, double sigma, const NodeDesign& design,
                     double window_edge, double total) {
    const double width = static_cast<double>(design.width);
    const double z = sigma * angle / spacing;
    // Fourier transform of the Kaiser-Bessel window; the square is positive up to angle pi because
    // every design has shape > width pi / 2.
    const double root =
        std::sqrt(design.shape * design.shape - 0.25 * width * width * angle * angle);
    const double window = width * std::sinh(root) / root * window_edge;
    return total * std::exp(-0.5 * z * z) / (spacing * window * window);
}

// One-sided taps with that response. On few nodes the taps wrap around the reflected axis, whose
// waves are exactly the multiples of pi / nodes; on many they are cut where they have died away.
std::vector<double> node_taps(std::size_t nodes, double spacing, double sigma,
                              const NodeDesign& design, double window_edge, double total) {
    constexpr std::size_t kMaxTaps = 16;
    constexpr std::size_t kWaves = 32;
    const bool wraps = nodes <= kMaxTaps;
    const std::size_t waves = wraps ? nodes : kWaves;
    std::vector<double> taps(wraps ? nodes + 1 : kMaxTaps + 1, 0.0);
    for (std::size_t i = 0; i < waves + (wraps ? 1 : 0); ++i) {
        const double offset = wraps ? 0.0 : 0.5;
        const double angle = kPi * (static_cast<double>(i) + offset) / static_cast<double>(waves);
        const bool end = wraps && (i == 0 || i == waves);
        const double weight = node_response(angle, spacing, sigma, design, window_edge, total) /
                              static_cast<double>(waves) * (end ? 0.5 : 1.0);
        // cos(k angle) by recurrence.
        const double twice = 2.0 * std::cos(angle);
        double cosine = 1.0;
        double before = 0.5 * twice;
        for (double& tap : taps) {
            tap += weight * cosine;
            const double after = twice * cosine - before;
            before = cosine;
            cosine = after;
        }
    }
    if (wraps) {
        taps.back() *= 0.5;  // the node opposite is one node, seen from both sides
        return taps;
    }
    double rest = 0.0;
    while (taps.size() > 1 && rest + std::abs(taps.back()) < 0.5 * design.tolerance * taps[0]) {
        rest += std::abs(taps.back());
        taps.pop_back();
    }
    return taps;
}

}  // namespace

template <>
const NodeOps<float>& node_ops<float>() {
    return HOTCOLD_SELECT(nodes_f);
}
template <>
const NodeOps<double>& node_ops<double>() {
    return HOTCOLD_SELECT(nodes_d);
}

template <typename T>
NodeGrid<T>::NodeGrid(std::size_t pixels, double sigma, const NodeDesign& design, double total)
    : NodeGrid(pixels, sigma, design, total, BesselSeries(design.shape * design.shape)) {}

template <typename T>
NodeGrid<T>::NodeGrid(std::size_t pixels, double sigma, const NodeDesign& design, double total,
                      const BesselSeries& window)
    : pixels_(pixels),
      nodes_(count_nodes(pixels, sigma, design)),
      width_(design.width),
      first_(pixels),
      weights_(pixels * design.width),
      blur_(node_taps(nodes_, static_cast<double>(pixels) / static_cast<double>(nodes_), sigma,
                      design, window.at_zero(), total)) {
    weigh(window);
    find_cells();
}

template <typename T>
void NodeGrid<T>::weigh(const BesselSeries& window) {
    const double per_pixel = static_cast<double>(nodes_) / static_cast<double>(pixels_);
    const double half = 0.5 * static_cast<double>(width_);
    const std::size_t computed = (pixels_ + 1) / 2;  // the other half mirrors it
    std::vector<double> values(computed * width_);
    std::vector<std::ptrdiff_t> first(computed);
    for (std::size_t n = 0; n < computed; ++n) {
        const double position = (static_cast<double>(n) + 0.5) * per_pixel - 0.5;
        // The first node above position - half: floor() of a number that is made positive first.
        const double lifted = position - half + static_cast<double>(width_);
        first[n] = static_cast<std::ptrdiff_t>(lifted) + 1 - static_cast<std::ptrdiff_t>(width_);
        for (std::size_t i = 0; i < width_; ++i) {
            const double u =
                (position - static_cast<double>(first[n]) - static_cast<double>(i)) / half;
            values[n * width_ + i] = std::max(0.0, 1.0 - u * u);
        }
    }
    window.at_each(values, node_ops<T>().polynomial);
    const std::ptrdiff_t begin = first[0];
    overhang_ = static_cast<std::size_t>(-begin);
    // The mirror image first: where the middle pixel is its own, it is to be overwritten whole.
    for (std::size_t n = 0; n < computed; ++n) {
        const std::size_t mirror = pixels_ - 1 - n;
        const auto place = static_cast<std::size_t>(first[n] - begin);
        first_[mirror] = nodes_ + 2 * overhang_ - width_ - place;
        first_[n] = place;
        T* to = weights_.data() + n * width_;
        T* back = weights_.data() + (mirror + 1) * width_;
        const double* from = values.data() + n * width_;
        for (std::size_t i = 0; i < width_; ++i) *--back = static_cast<T>(from[i]);
        for (std::size_t i = 0; i < width_; ++i) to[i] = static_cast<T>(from[i]);
    }
}

template <typename T>
void NodeGrid<T>::find_cells() {
    const std::size_t cells = first_.back() + 1;
    cell_begin_.assign(cells + 1, pixels_);
    for (std::size_t n = pixels_; n-- > 0;) cell_begin_[first_[n]] = n;
    // A cell without pixels begins where the next one does.
    for (std::size_t cell = cells; cell-- > 0;) {
        cell_begin_[cell] = std::min(cell_begin_[cell], cell_begin_[cell + 1]);
        longest_cell_ = std::max(longest_cell_, cell_begin_[cell + 1] - cell_begin_[cell]);
    }
}

template class NodeGrid<float>;
template class NodeGrid<double>;

}  // namespace hotcold
