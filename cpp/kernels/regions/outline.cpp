// Thin lines by erosions, whose pixels do not wait for each other. Thick ones by the distance in
// steps to the nearest pixel outside, in one pass down and one up: exact for this distance, and one
// byte a pixel, since only distances up to `width` are told apart.
#include "kernels/regions/outline.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/regions/outline.ops.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

template <typename T>
void outline_by_erosion(const T* values, std::size_t rows, std::size_t columns, T limit,
                        unsigned width, std::uint8_t* lines) {
    const OutlineOps& ops = HOTCOLD_SELECT(outline_bytes);
    const std::size_t count = rows * columns;
    // Not cleared first, which takes as long as an erosion.
    using Bytes = std::unique_ptr<std::uint8_t[]>;
    const Bytes inside(new std::uint8_t[count]);
    for (std::size_t at = 0; at < count; at += kRun) {
        above_run(values + at, std::min(kRun, count - at), limit, inside.get() + at);
    }
    if (width == 1) return ops.rim(inside.get(), inside.get(), rows, columns, lines);
    Bytes eroded(new std::uint8_t[count]);
    Bytes room(new std::uint8_t[width > 2 ? count : 0]);
    ops.erode(inside.get(), rows, columns, eroded.get());
    for (unsigned i = 2; i < width; ++i) {
        check_interrupt();
        std::swap(room, eroded);
        ops.erode(room.get(), rows, columns, eroded.get());
    }
    ops.rim(inside.get(), eroded.get(), rows, columns, lines);
}

}  // namespace

template <typename T>
void outline(const T* values, std::size_t rows, std::size_t columns, T limit, unsigned width,
             std::uint8_t* lines) {
    constexpr unsigned kMostErosions = 4;
    if (width <= kMostErosions) {
        outline_by_erosion(values, rows, columns, limit, width, lines);
        return;
    }
    constexpr unsigned kMostSteps = 254;
    const auto far = static_cast<std::uint8_t>(std::min(width, kMostSteps) + 1);
    const auto one_more = [far](std::uint8_t steps) {
        return static_cast<std::uint8_t>(steps < far ? steps + 1 : far);
    };
    for (std::size_t row = 0; row < rows; ++row) {
        if (row % 64 == 63) check_interrupt();
        const T* const v = values + row * columns;
        std::uint8_t* const steps = lines + row * columns;
        // Rows of independent pixels first, which vectorise; then along the row.
        if (row == 0) {
            for (std::size_t c = 0; c < columns; ++c) steps[c] = v[c] > limit ? far : 0;
        } else {
            const std::uint8_t* const above = steps - columns;
            for (std::size_t c = 0; c < columns; ++c) {
                steps[c] = v[c] > limit ? one_more(above[c]) : std::uint8_t{0};
            }
        }
        for (std::size_t c = 1; c < columns; ++c) {
            steps[c] = std::min(steps[c], one_more(steps[c - 1]));
        }
    }
    for (std::size_t row = rows; row-- > 0;) {
        if (row % 64 == 63) check_interrupt();
        std::uint8_t* const steps = lines + row * columns;
        if (row + 1 < rows) {
            const std::uint8_t* const below = steps + columns;
            for (std::size_t c = 0; c < columns; ++c) {
                steps[c] = std::min(steps[c], one_more(below[c]));
            }
        }
        for (std::size_t c = columns - 1; c-- > 0;) {
            steps[c] = std::min(steps[c], one_more(steps[c + 1]));
        }
    }
    for (std::size_t i = 0; i < rows * columns; ++i) {
        lines[i] = static_cast<std::uint8_t>(lines[i] != 0 && lines[i] < far);
    }
}

template void outline(const float*, std::size_t, std::size_t, float, unsigned, std::uint8_t*);
template void outline(const double*, std::size_t, std::size_t, double, unsigned, std::uint8_t*);

}  // namespace hotcold
