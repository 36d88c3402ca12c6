// Maps in colours of their own.
#include <algorithm>

#include "kernels/paint/paint.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/table_entries.hpp"

namespace hotcold {
namespace {

class TablePainter final : public PainterOf<TablePainter> {
  public:
    const char* name() const override { return "table"; }
    bool needs_table() const override { return true; }
    bool has_table_colors_alone() const override { return true; }

    std::size_t picture_channels(const RenderPlan& plan, std::size_t, std::size_t) const override {
        const bool hides = plan.nonfinite == NonFinitePolicy::kTransparent;
        return hides || plan.table.is_translucent() ? 4 : 3;
    }

    template <typename T>
    static void paint_item(Canvas<T>& canvas, const MapItem<T>& item) {
        paint_entries(canvas, item, [&](auto entry, const auto& entries_of) {
            using Entry = decltype(entry);
            if (!canvas.wants_picture()) return;
            const ColorPlanes table = canvas.plan.table.planes();
            canvas.for_item_runs(item.team,
                                 [&](std::size_t row, std::size_t column, std::size_t count) {
                                     Entry entries[kRun];
                                     entries_of(row, column, count, entries);
                                     std::uint8_t* out = canvas.pixels(item.index, row, column);
                                     if constexpr (sizeof(Entry) == 1) {
                                         if (canvas.picture_channels() == 1) {
                                             std::copy(entries, entries + count, out);
                                             return;
                                         }
                                     }
                                     if (canvas.picture_channels() == 4) {
                                         canvas.plan.table.paint_rgba(entries, count, out);
                                     } else {
                                         paint_colors(entries, count, table, out);
                                     }
                                 });
            clear_missing(canvas, item);
        });
    }
};

}  // namespace

const Painter& table_painter() {
    static const TablePainter painter;
    return painter;
}

}  // namespace hotcold
