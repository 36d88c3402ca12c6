#include "kernels/paint/cam_overlay.hpp"

#include <algorithm>
#include <array>

#include "kernels/paint/cam_overlay.ops.hpp"
#include "runtime/buffers.hpp"
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

// Below a thirty-second of one a level of the picture is too few steps of 16 bits.
constexpr int kLeastKept = static_cast<int>(kCamOne / 32.0f);
// So that the largest value is 255, and not the number just below that is cut to 254.
constexpr float kRoundingUp = 1.000001f;

std::array<std::int16_t, 4 * kCamEntries> whole_table(const float* table) {
    std::array<std::int16_t, 4 * kCamEntries> found{};
    for (std::size_t i = 0; i < found.size(); ++i) {
        found[i] = static_cast<std::int16_t>(kCamOne * std::min(table[i], 1.0f) + 0.5f);
    }
    return found;
}

bool overlay_floats(const CamOverlay& in, std::uint8_t* out) {
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

}  // namespace

bool cam_overlay(const CamOverlay& in, std::uint8_t* out) {
    const CamOps& ops = HOTCOLD_SELECT(kCam);
    const auto table = whole_table(in.table);
    const PooledMemory memory = take_pooled(3 * in.count * sizeof(std::int16_t));
    auto* const kept = static_cast<std::int16_t*>(memory.get());
    int largest = 0;
    bool within = true;
    for_each_run(in, [&](const CamOverlay& run, std::size_t start) {
        const int found = ops.keep(run, table.data(), kept + 3 * start);
        within = within && found >= 0;
        largest = std::max(largest, found);
    });
    if (!within) return false;
    if (largest < kLeastKept) return overlay_floats(in, out);
    const float gain = 255.0f / static_cast<float>(largest) * kRoundingUp;
    for_each_run(in, [&](const CamOverlay& run, std::size_t start) {
        ops.scale(kept + 3 * start, 3 * run.count, gain, out + 3 * start);
    });
    return true;
}

}  // namespace hotcold
