#include "simd/peak.hpp"

#include <algorithm>
#include <chrono>

#include "runtime/interrupt.hpp"
#include "simd/peak.ops.hpp"

namespace hotcold {

double measure_multiply_add_peak(double seconds) {
    using Clock = std::chrono::steady_clock;
    const PeakOps& ops = HOTCOLD_SELECT(peak_ops);
    constexpr std::size_t kRounds = 20000;  // 20 to 60 us: shorter than a time slice
    volatile float kept = 0.0F;
    double best = 0.0;
    const Clock::time_point begin = Clock::now();
    Clock::time_point now = begin;
    do {
        check_interrupt();
        const Clock::time_point start = now;
        kept = ops.run(kRounds, 0.999F, 0.001F);
        now = Clock::now();
        const double took = std::chrono::duration<double>(now - start).count();
        best = std::max(best, static_cast<double>(ops.multiply_adds * kRounds) / took);
    } while (std::chrono::duration<double>(now - begin).count() < seconds);
    static_cast<void>(kept);
    return best;
}

}  // namespace hotcold
