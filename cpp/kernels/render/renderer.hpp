// What renders one batch, shared by the files of the fused pass: render.cpp prepares maps and walks
// the batch, render_color.cpp and render_mask.cpp paint. Nobody else includes it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/geometry/resize.hpp"
#include "kernels/load/batch.hpp"
#include "kernels/load/load.hpp"
#include "kernels/load/missing.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/render/render.hpp"
#include "kernels/render/render_image.hpp"
#include "runtime/integers.hpp"

namespace hotcold {

template <typename T>
class Renderer {
  public:
    // As for render(), which see; everything must outlive the renderer.
    Renderer(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
             const BatchView<T>* values, const PictureView* picture);

    RenderFault run(int n_threads);
    // As for render_each(); every item of `picture` lies at one place.
    void run_each(const ItemDone& done, int n_threads);

  private:
    // A flag for each value of an item's map; empty, as nearly always, if all are there.
    using Missing = std::vector<std::uint8_t>;
    // What preparing a map needs beside the map.
    struct Scratch {
        T* small = nullptr;           // of the attributions' own size; null unless enlarged
        std::byte* resize = nullptr;  // as `small`
        std::byte* blur = nullptr;
    };

    std::size_t rows() const { return shape_.rows; }
    std::size_t columns() const { return shape_.columns; }
    std::size_t elements_per_item() const { return plane_ * attributions_.shape.channels; }

    // --- items and their maps (render.cpp) ------------------------------------------------------

    // One item from start to end, in a workspace of workspace_bytes().
    void draw(std::size_t item, Workspace& workspace, const Team& team);
    std::size_t workspace_bytes() const;
    // What has been found, unless it was to be taken as 0.
    RenderFault fault() const;
    // What a map of the attributions' own size takes before it is enlarged.
    std::size_t small_bytes() const;

    Scratch take_scratch(Workspace& workspace) const;
    PlaneReader<T> plane_of(std::size_t item, std::size_t plane) const;
    // These return how many values were not finite. Load, reduce, upsample;
    std::size_t load_drawn(std::size_t item, T* map, const Scratch& scratch,
                           const Team& team) const;
    // the same or without upsampling, then blur, sign. Fills `missing` where the plan wants to
    // know.
    std::size_t prepare(std::size_t item, T* map, Workspace& workspace, const Team& team,
                        Missing& missing) const;

    bool needs_batch_limits() const;
    void find_batch_limits(int n_threads);

    // --- missing values (render_missing.cpp) ----------------------------------------------------

    // Load, reduce, upsample and blur with missing values as 0, in one channel or all.
    void load_around_missing(std::size_t item, T* map, const Scratch& scratch, const Team& team,
                             Missing& missing) const;
    // fit_scales() by the values that are there; returns those of the last scale.
    std::vector<T> fit_present(const T* map, const Missing& missing, Scale<T>* scales,
                               const Team& team) const;
    // What a map, not yet normalised, holds in place of missing values when it is painted.
    T value_of_missing(const std::vector<T>& present, const Team& team) const;
    void fill_missing(T* map, const Missing& missing, T value) const;
    // Where a plan hides them: the image, or nothing, in place of what was painted.
    void uncover_missing(std::size_t item, const Missing& missing, const Team& team);

    // --- colours (render_color.cpp) -------------------------------------------------------------

    // Paints a prepared map and stores its values, which overwrite it.
    void color(std::size_t item, T* map, const Missing& missing, const Team& team);

    T batch_prescale() const;
    template <typename Entry>
    void paint_table(std::size_t item, const T* map, const EntryMap<T>& to_entries,
                     const Team& team);
    EntryMap<T> entry_map(const T* measured, std::size_t count, Scale<T> scale,
                          const Team& team) const;
    template <typename Entry, typename F>
    void overlay_bytes(std::size_t item, const Team& team, const F& entries_of) const;
    template <typename Entry, typename F>
    void overlay_numbers(std::size_t item, const Team& team, const F& entries_of);
    void paint_channels(std::size_t item, const T* map, const Scale<T>* scales,
                        const Team& team) const;

    // --- masks (render_mask.cpp) ----------------------------------------------------------------

    void mask(std::size_t item, T* map, const Missing& missing, Workspace& workspace,
              const Team& team);

    // Which of the map's planes decides over an image channel; none over the colours of an image
    // with alpha, if there is one for all.
    static constexpr std::size_t kNoPlane = ~std::size_t{0};
    std::size_t plane_for(std::size_t channel) const;
    void mask_bytes(std::size_t item, const T* map, T limit, const Team& team) const;
    template <typename F>
    void mask_numbers(std::size_t item, const Team& team, const F& opacity_of, const T* map);

    // --- walking --------------------------------------------------------------------------------

    // Calls body(row, column, count) for the runs of an item.
    template <typename F>
    void for_item_runs(const Team& team, const F& body) const {
        const std::size_t step = rows_per_block(columns());
        team.for_each(ceil_div(rows(), step), [&](std::size_t block) {
            for_runs(block * step, std::min(rows(), (block + 1) * step), columns(), adjoining_,
                     body);
        });
    }

    // The same with the image's numbers: body(row, column, NumberRun).
    template <typename F>
    void for_image_runs(std::size_t item, const Team& team, const F& body) {
        const ImageReader reader(*image_, item);
        const ImageScale<T> scale =
            plan_.image_range_given
                ? ImageScale<T>{T{1}, static_cast<T>(plan_.image_low),
                                static_cast<T>(plan_.image_high - plan_.image_low)}
                : reader.own_scale<T>(team);
        const ImageScale<T> alpha_scale{T{1}, T{0}, reader.opaque<T>()};
        std::atomic<std::size_t> bad{0};
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            NumberRun<T> run;
            run.count = count;
            run.channels = image_->shape.channels;
            const std::size_t found = reader.numbers(row, column, count, run.planes);
            if (found != 0) bad.fetch_add(found, std::memory_order_relaxed);
            for (std::size_t c = 0; c < run.channels; ++c) {
                scale_image_run(run.planes[c], count, c == 3 ? alpha_scale : scale);
            }
            body(row, column, run);
        });
        bad_image_.record(item, bad.load());
    }

    std::uint8_t* pixels(std::size_t item, std::size_t row, std::size_t column) const {
        return picture_->at(item, row) + column * picture_->channels;
    }

    const RenderPlan& plan_;
    const SourceView& attributions_;
    const SourceView* image_;
    const BatchView<T>* values_;
    const PictureView* picture_;
    const Shape shape_;  // of the maps as they are drawn
    const Resize<T> resize_;
    const GaussianBlur<T> blur_;
    const std::size_t planes_;
    const std::size_t plane_;
    const bool byte_image_;  // uint8 with the tables at hand
    std::size_t step_ = 1;   // from an item to the next of the same thread
    const bool adjoining_;   // rows of everything but the attributions follow one another
    T batch_max_ = 0;
    NonFiniteLog bad_attributions_;
    NonFiniteLog bad_image_;
};

}  // namespace hotcold
