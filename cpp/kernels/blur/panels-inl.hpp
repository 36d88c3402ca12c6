// Filling panels: squares of a plane, and the rows beyond both ends. A part of fir.simd.cpp, which
// alone includes it.
#pragma once

#include "runtime/interrupt.hpp"
#include "simd/transpose-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Rows of a plane, all `lanes` of them, and the first few with the last of those repeated.
template <typename T>
struct AllRows {
    const T* first;
    std::ptrdiff_t pitch;
    HOTCOLD_INLINE const T* at(std::size_t i) const {
        return first + static_cast<std::ptrdiff_t>(i) * pitch;
    }
};

template <typename T>
struct SomeRows {
    const T* first;
    std::ptrdiff_t pitch;
    std::size_t count;
    HOTCOLD_INLINE const T* at(std::size_t i) const {
        return first + static_cast<std::ptrdiff_t>(i < count ? i : count - 1) * pitch;
    }
};

template <typename T, typename Rows>
HOTCOLD_INLINE bool pack_rows(const Rows& rows, std::size_t columns, T* panel) {
    constexpr std::size_t lanes = kLanes<T>;
    // Stay 0 but for NaN and infinity, which times 0 are NaN; two, lest each waits for the last.
    const Vec<T> zero = broadcast(T{0});
    Vec<T> nothing[2] = {zero, zero};
    std::size_t x = 0;
    for (; x + lanes <= columns; x += lanes) {
        Vec<T> square[lanes];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes; ++i) {
            square[i] = load(rows.at(i) + x);
            hold(square[i]);
            nothing[i % 2] = nothing[i % 2] + square[i] * zero;
        }
        transpose<T>(square);
        for (std::size_t i = 0; i < lanes; ++i) store(panel + (x + i) * lanes, square[i]);
    }
    for (; x < columns; ++x) {
        for (std::size_t i = 0; i < lanes; ++i) panel[x * lanes + i] = rows.at(i)[x];
        nothing[0] = nothing[0] + load(panel + x * lanes) * zero;
    }
    const Vec<T> both = nothing[0] + nothing[1];
    bool finite = true;
    for (std::size_t i = 0; i < lanes; ++i) finite = finite && both[i] == T{0};
    return finite;
}

template <typename T>
bool pack_piece(const T* plane, std::ptrdiff_t pitch, std::size_t row_count, std::size_t columns,
                T* panel) {
    if (row_count == kLanes<T>) return pack_rows(AllRows<T>{plane, pitch}, columns, panel);
    return pack_rows(SomeRows<T>{plane, pitch, row_count}, columns, panel);
}

// Rows of a panel between which a call can be ended: in memory never touched before they take
// milliseconds.
constexpr std::size_t kRowsOfPiece = std::size_t{1} << 16;

template <typename T>
bool pack(const T* plane, std::ptrdiff_t pitch, std::size_t row_count, std::size_t columns,
          T* panel) {
    bool finite = true;
    for (; columns > kRowsOfPiece; columns -= kRowsOfPiece) {
        finite = pack_piece(plane, pitch, row_count, kRowsOfPiece, panel) && finite;
        plane += kRowsOfPiece;
        panel += kRowsOfPiece * kLanes<T>;
        check_interrupt();
    }
    return pack_piece(plane, pitch, row_count, columns, panel) && finite;
}

// Divisions only where the axis is shorter than the taps.
HOTCOLD_INLINE std::size_t row_mirrored(std::size_t i, std::size_t rows) {
    return i < rows ? i : (i / rows % 2 == 0 ? i % rows : rows - 1 - i % rows);
}

// Calls `rows_from(first, end)` for all of `count` rows; mostly that is one call, whose loop begins
// at a constant.
template <typename RowsFrom>
HOTCOLD_INLINE void in_pieces(std::size_t count, const RowsFrom& rows_from) {
    if (count <= kRowsOfPiece) {
        rows_from(0, count);
        return;
    }
    for (std::size_t i = 0; i < count; i += kRowsOfPiece) {
        rows_from(i, count - i < kRowsOfPiece ? count : i + kRowsOfPiece);
        check_interrupt();
    }
}

template <typename T>
HOTCOLD_INLINE void reflect_rows(T* panel, std::size_t rows, std::size_t i, std::size_t end) {
    constexpr std::size_t lanes = kLanes<T>;
    T* const last = panel + (rows - 1) * lanes;
    for (; i < end; ++i) {
        const std::size_t away = row_mirrored(i, rows);
        store(panel - (i + 1) * lanes, load(panel + away * lanes));
        store(last + (i + 1) * lanes, load(last - away * lanes));
    }
}

template <typename T>
HOTCOLD_INLINE void fold_rows(T* panel, std::size_t rows, std::size_t i, std::size_t end) {
    constexpr std::size_t lanes = kLanes<T>;
    T* const last = panel + (rows - 1) * lanes;
    for (; i < end; ++i) {
        const std::size_t away = row_mirrored(i, rows);
        T* const above = panel + away * lanes;
        store(above, load(above) + load(panel - (i + 1) * lanes));
        T* const below = last - away * lanes;
        store(below, load(below) + load(last + (i + 1) * lanes));
    }
}

template <typename T>
void reflect(T* panel, std::size_t rows, std::size_t reach) {
    in_pieces(reach, [&](std::size_t i, std::size_t end) { reflect_rows(panel, rows, i, end); });
}

template <typename T>
void fold(T* panel, std::size_t rows, std::size_t count) {
    in_pieces(count, [&](std::size_t i, std::size_t end) { fold_rows(panel, rows, i, end); });
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
