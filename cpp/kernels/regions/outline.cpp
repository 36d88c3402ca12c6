// Thin lines by erosions, whose pixels do not wait for each other. Thick ones by the distance in
// steps to the nearest pixel outside, in one pass down and one up: exact for this distance, and one
// byte a pixel, since only distances up to `width` are told apart.
#include "kernels/regions/outline.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

// One byte a pixel, 0 or 255: 255 stays where the neighbours on all four sides are 255 or beyond
// the image.
void erode(const std::uint8_t* from, std::size_t rows, std::size_t columns,
           std::uint8_t* __restrict to) {
    for (std::size_t row = 0; row < rows; ++row) {
        const std::uint8_t* const here = from + row * columns;
        const std::uint8_t* const above = row == 0 ? here : here - columns;
        const std::uint8_t* const below = row + 1 == rows ? here : here + columns;
        std::uint8_t* const __restrict out = to + row * columns;
        const auto put = [&](std::size_t c, std::size_t left, std::size_t right) {
            const int all = here[c] & above[c] & below[c] & here[left] & here[right];
            out[c] = static_cast<std::uint8_t>(all);
        };
        put(0, 0, std::min<std::size_t>(1, columns - 1));
        for (std::size_t c = 1; c + 1 < columns; ++c) put(c, c - 1, c + 1);
        if (columns > 1) put(columns - 1, columns - 2, columns - 1);
    }
}

template <typename T>
void outline_by_erosion(const T* values, std::size_t rows, std::size_t columns, T limit,
                        unsigned width, std::uint8_t* lines) {
    const std::size_t count = rows * columns;
    // Not cleared first, which takes as long as an erosion.
    using Bytes = std::unique_ptr<std::uint8_t[]>;
    const Bytes inside(new std::uint8_t[count]);
    Bytes eroded(new std::uint8_t[count]);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; column += kRun) {
            const std::size_t at = row * columns + column;
            above_run(values + at, std::min(kRun, columns - column), limit, inside.get() + at);
        }
    }
    erode(inside.get(), rows, columns, eroded.get());
    if (width > 1) {
        Bytes before(new std::uint8_t[count]);
        for (unsigned i = 1; i < width; ++i) {
            check_interrupt();
            std::swap(before, eroded);
            erode(before.get(), rows, columns, eroded.get());
        }
    }
    const std::uint8_t* const kept = inside.get();
    const std::uint8_t* const inner = eroded.get();
    for (std::size_t i = 0; i < count; ++i) {
        lines[i] = static_cast<std::uint8_t>(kept[i] & ~inner[i] & 1);
    }
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
