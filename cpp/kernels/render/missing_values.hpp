// NaN and infinities that a plan takes as missing: they set no scale, count as 0 in a blur, and are
// drawn as the plan and its painter say. Only items that hold some come here, so memory is
// allocated and passes are made without care for their cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/load/image_view.hpp"
#include "kernels/normalize/extent.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/map_item.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

// Flags of one size for another: those of the nearest pixel.
void mark_nearest(const std::uint8_t* flags, const Shape& from, const Shape& to, std::uint8_t* out);

// plan.fit() by the values that are there; returns those of the last scale.
template <typename T>
std::vector<T> fit_present(const RenderPlan& plan, const MapItem<T>& item, const Shape& map,
                           Scale<T>* scales);

// measure() by the values that are there.
template <typename T>
Extent measure_present(const RenderPlan& plan, const MapItem<T>& item, const Shape& map);

// What a normalised map holds in place of missing values when it is painted, as a value that is not
// yet normalised: 0, or the end nearest to it where a range, that of those `present` or the one
// that is given, becomes [0, 1].
template <typename T>
T stand_in(const RenderPlan& plan, const std::vector<T>& present, Normalization mode,
           const Team& team);

template <typename T>
void fill_missing(const MapItem<T>& item, T value);

// Whether any plane of the map misses a pixel.
template <typename T>
bool misses(const MapItem<T>& item, const Canvas<T>& canvas, std::size_t row, std::size_t column);

// Makes the pixels of missing values transparent, if the plan wants that.
template <typename T>
void clear_missing(const Canvas<T>& canvas, const MapItem<T>& item);

// Maps the planes of an item by a scale each and stores them, missing values as NaN where they are
// transparent; nothing where no values are wanted.
template <typename T>
void store_normalized(const Canvas<T>& canvas, const MapItem<T>& item, const Scale<T>* scales);

}  // namespace hotcold
