// The colour limits of each normalization, and those that a plan sets.
#pragma once

#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/colorize.hpp"
#include "kernels/render/render.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// The plan's own limits.
template <typename T>
Limits<T> given_limits(const RenderPlan& plan);

// The limits of a map of `count` values that `scale` normalises. For kUnnormalized, batch_max is
// the largest magnitude in the batch; the others need none.
template <typename T>
Limits<T> limits_of(const RenderPlan& plan, const T* map, std::size_t count, const Scale<T>& scale,
                    T batch_max, const Team& team);

}  // namespace hotcold
