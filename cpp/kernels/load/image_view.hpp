// Strided views of batches: pointer, four extents, four strides. They own nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// Element types that kernels read without a converted copy. kFloat16 is IEEE binary16.
enum class ScalarType {
    kBool,
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kUint64,
    kFloat16,
    kFloat32,
    kFloat64,
};

// Axes of every batch, whatever its layout in memory: the bindings reorder strides, never data.
struct Shape {
    std::size_t items = 0;
    std::size_t channels = 0;
    std::size_t rows = 0;
    std::size_t columns = 0;

    std::size_t plane() const { return rows * columns; }
    bool operator==(const Shape& other) const {
        return items == other.items && channels == other.channels && rows == other.rows &&
               columns == other.columns;
    }
};

// In elements; may be zero (broadcast) or negative (reversed) for inputs.
struct Strides {
    std::ptrdiff_t item = 0;
    std::ptrdiff_t channel = 0;
    std::ptrdiff_t row = 0;
    std::ptrdiff_t column = 0;
};

// A batch to read, of any element type.
struct SourceView {
    const void* data = nullptr;
    ScalarType type = ScalarType::kFloat32;
    std::size_t item_size = 4;  // bytes of one element
    Shape shape;
    Strides strides;

    // The address of element (item, channel, row, 0).
    const void* at(std::size_t item, std::size_t channel, std::size_t row) const {
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(item) * strides.item +
                                      static_cast<std::ptrdiff_t>(channel) * strides.channel +
                                      static_cast<std::ptrdiff_t>(row) * strides.row;
        return static_cast<const std::byte*>(data) +
               offset * static_cast<std::ptrdiff_t>(item_size);
    }
};

// A batch to write. No two elements share an address.
template <typename T>
struct BatchView {
    T* data = nullptr;
    Shape shape;
    Strides strides;

    T* at(std::size_t item, std::size_t channel, std::size_t row) const {
        return data + static_cast<std::ptrdiff_t>(item) * strides.item +
               static_cast<std::ptrdiff_t>(channel) * strides.channel +
               static_cast<std::ptrdiff_t>(row) * strides.row;
    }
};

// The element type that a kernel computing in T can use where it lies.
template <typename T>
bool holds_type(const SourceView& source) {
    return source.type == (sizeof(T) == 4 ? ScalarType::kFloat32 : ScalarType::kFloat64);
}

// Whether a source and an output keep each element at the same distance from their item's first.
template <typename T>
bool same_places(const SourceView& source, const BatchView<T>& out) {
    return source.strides.channel == out.strides.channel && source.strides.row == out.strides.row &&
           source.strides.column == out.strides.column;
}

// Whether an item fills a stretch of memory without gaps, channel plane after channel plane.
inline bool is_planar(const Shape& shape, const Strides& strides) {
    return strides.column == 1 && strides.row == static_cast<std::ptrdiff_t>(shape.columns) &&
           (shape.channels == 1 || strides.channel == static_cast<std::ptrdiff_t>(shape.plane()));
}

// The same, pixel after pixel.
inline bool is_interleaved(const Shape& shape, const Strides& strides) {
    const auto channels = static_cast<std::ptrdiff_t>(shape.channels);
    return strides.column == channels &&
           strides.row == static_cast<std::ptrdiff_t>(shape.columns) * channels &&
           (channels == 1 || strides.channel == 1);
}

// Whether the next row goes on where a row ends, so that many can be walked as one.
inline bool rows_adjoin(const Shape& shape, const Strides& strides) {
    return strides.row == static_cast<std::ptrdiff_t>(shape.columns) * strides.column;
}

// Where pictures go: uint8, channels last, the pixels of a row adjacent. Items lie on a grid so
// that a contact sheet is written in place; a plain (N, H, W, C) array is a grid of one column.
// One channel takes entries of a colour table in place of their colours.
struct PictureView {
    std::uint8_t* data = nullptr;
    std::size_t channels = 3;
    std::size_t grid_columns = 1;
    std::ptrdiff_t grid_row_stride = 0;     // bytes from one grid cell to the one below
    std::ptrdiff_t grid_column_stride = 0;  // bytes from one grid cell to the next in its row
    std::ptrdiff_t row_stride = 0;          // bytes from one pixel row to the next

    std::uint8_t* at(std::size_t item, std::size_t row) const {
        return data + static_cast<std::ptrdiff_t>(item / grid_columns) * grid_row_stride +
               static_cast<std::ptrdiff_t>(item % grid_columns) * grid_column_stride +
               static_cast<std::ptrdiff_t>(row) * row_stride;
    }
};

// The first item that holds NaN or infinity, and how many such values it holds.
struct NonFinite {
    static constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t item = kNone;
    std::size_t count = 0;

    bool found() const { return item != kNone; }
};

}  // namespace hotcold
