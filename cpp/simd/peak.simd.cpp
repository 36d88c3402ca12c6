#include "simd/peak.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Enough independent sums to hide the latency of a multiply-add (4 cycles, two a cycle), few enough
// for 16 registers.
constexpr std::size_t kSums = 12;

template <std::size_t... I>
HOTCOLD_INLINE void round_of(Vec<float> (&sums)[kSums], const Vec<float>& factor,
                             const Vec<float>& term, Steps<I...>) {
    ((sums[I] = sums[I] * factor + term), ...);
}

float run(std::size_t rounds, float factor, float term) {
    const Vec<float> factors = broadcast(factor);
    const Vec<float> terms = broadcast(term);
    Vec<float> sums[kSums];
    for (std::size_t i = 0; i < kSums; ++i) sums[i] = broadcast(static_cast<float>(i));
    for (std::size_t i = 0; i < rounds; ++i) round_of(sums, factors, terms, steps_to<kSums>{});
    float total = 0.0F;
    for (std::size_t i = 0; i < kSums; ++i) {
        for (std::size_t lane = 0; lane < kLanes<float>; ++lane) total += sums[i][lane];
    }
    return total;
}

}  // namespace

const PeakOps peak_ops = {kSums * kLanes<float>, run};

}  // namespace hotcold::HOTCOLD_LEVEL
