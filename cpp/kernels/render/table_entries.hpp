// From a map to entries of the plan's colour table: shared by the painters that have one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/normalize/extent.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/colorize.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/map_item.hpp"
#include "kernels/render/missing_values.hpp"

namespace hotcold {

// How the values of an item become entries, by the `count` of them that are there. For limits that
// items share, `scale` also keeps twice the largest value finite, which changes it for maps near
// the type's end alone.
template <typename T>
EntryMap<T> entry_map(const Canvas<T>& canvas, const T* values, std::size_t count, Scale<T> scale,
                      const Team& team) {
    const RenderPlan& plan = canvas.plan;
    const NormalizationTraits& traits = traits_of(plan.normalization);
    Extent extent;
    T factor{1};
    if (plan.shares_limits()) {
        extent = canvas.batch;
        const double safe = static_cast<double>(std::numeric_limits<T>::max() / 4);
        factor = scale.prescale = extent.magnitude() > safe ? T{0.25} : T{1};
    } else if (!plan.limits_given && traits.limits_depend_on_values()) {
        extent = measure(values, 1, count, &scale, team);
    }
    return EntryMap<T>(scale, plan.limits<T>(extent, factor), plan.table.entries());
}

// Paints with entries_of(row, column, count, entries) as paint(Entry{}, entries_of), Entry the type
// that holds the table's entries, and stores the values.
template <typename T, typename F>
void paint_entries(Canvas<T>& canvas, const MapItem<T>& item, const F& paint) {
    const RenderPlan& plan = canvas.plan;
    Scale<T> scale;
    std::vector<T> present;
    const T* values = item.map;
    std::size_t count = canvas.plane();
    if (item.missing.empty()) {
        const bool measured = !std::isnan(item.extremes.min);
        plan.fit(plan.normalization, values, 1, count, &scale, item.team,
                 measured ? &item.extremes : nullptr);
    } else {
        present = fit_present(plan, item, canvas.map(), &scale);
        fill_missing(item, stand_in(plan, present, plan.normalization, item.team));
        values = present.data();
        count = present.size();
    }
    const EntryMap<T> to_entries = entry_map(canvas, values, count, scale, item.team);
    const auto entries_of = [&](std::size_t row, std::size_t column, std::size_t length,
                                auto& entries) {
        entries_run(canvas.run_of(item.map, 0, row, column), length, to_entries, entries);
    };
    if (plan.table.entries() <= 256) {
        paint(std::uint8_t{}, entries_of);
    } else {
        paint(std::uint16_t{}, entries_of);
    }
    store_normalized(canvas, item, &scale);
}

}  // namespace hotcold
