#include "kernels/paint/cam_overlay.hpp"

#include <algorithm>

#include "kernels/paint/cam_overlay.ops.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

// Between two looks at interrupts: a few tens of microseconds.
constexpr std::size_t kRun = std::size_t{1} << 16;

template <typename Visit>
void for_each_run(const CamOverlay& in, const Visit& visit) {
    for (std::size_t start = 0; start < in.count; start += kRun) {
        check_interrupt();
        CamOverlay run = in;
        run.image += 3 * start;
        run.map += start;
        run.count = std::min(kRun, in.count - start);
        visit(run, start);
    }
}

}  // namespace

bool cam_overlay(const CamOverlay& in, std::uint8_t* out) {
    const CamOps& ops = HOTCOLD_SELECT(kCam);
    float largest = 0.0f;
    bool within = true;
    for_each_run(in, [&](const CamOverlay& run, std::size_t) {
        const float found = ops.largest(run);
        within = within && found >= 0.0f;
        largest = std::max(largest, found);
    });
    if (!within) return false;
    const float gain = largest > 0.0f ? 255.0f / largest : 0.0f;
    for_each_run(in, [&](const CamOverlay& run, std::size_t start) {
        ops.paint(run, gain, out + 3 * start);
    });
    return true;
}

}  // namespace hotcold
