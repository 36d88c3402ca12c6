#include "kernels/paint/paint.hpp"

#include <algorithm>

#include "kernels/paint/paint.ops.hpp"

namespace hotcold {
namespace {

template <typename Entry>
const PaintOps<Entry>& ops();
template <>
const PaintOps<std::uint8_t>& ops<std::uint8_t>() {
    return HOTCOLD_SELECT(paint_8);
}
template <>
const PaintOps<std::uint16_t>& ops<std::uint16_t>() {
    return HOTCOLD_SELECT(paint_16);
}

// The run as planes, in `room` if it is not.
ByteRun apart(const ByteRun& run, std::uint8_t (&room)[kMaxPictureChannels][kRun]) {
    if (run.step == 1) return run;
    std::uint8_t* const targets[kMaxPictureChannels] = {room[0], room[1], room[2], room[3]};
    deinterleave_pixels(run.planes[0], run.count, run.channels, targets);
    return {run.count, run.channels, {room[0], room[1], room[2], room[3]}};
}

}  // namespace

template <typename Entry>
void paint_colors(const Entry* entries, std::size_t count, const ColorPlanes& table,
                  std::uint8_t* out) {
    ops<Entry>().colors(entries, count, table, out);
}

template <typename Entry>
void paint_overlay(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                   const ImageTable& image_table, std::uint8_t* out) {
    const PaintOps<Entry>& chosen = ops<Entry>();
    if (table.partner != nullptr) return chosen.overlay_by_means(entries, image, table, out);
    std::uint8_t room[kMaxPictureChannels][kRun];
    const ByteRun run = chosen.takes_pixels ? image : apart(image, room);
    if (table.translucent_codes != nullptr) {
        return chosen.overlay_translucent(entries, run, table, out);
    }
    chosen.overlay(entries, run, table, image_table, out);
}

void paint_image(const ByteRun& image, const ImageTable& table, std::uint8_t* out) {
    constexpr std::size_t kAlpha = 3;
    std::uint8_t room[kMaxPictureChannels][kRun];
    ByteRun run = apart(image, room);
    for (std::size_t c = 0; !table.identity && c < std::min(run.channels, kAlpha); ++c) {
        for (std::size_t i = 0; i < run.count; ++i) room[c][i] = table.plain[run.planes[c][i]];
        run.planes[c] = room[c];
    }
    interleave_planes(run, out);
}

void keep_pixels(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                 std::size_t channels, std::uint8_t* out) {
    HOTCOLD_SELECT(paint_bytes).keep(kept, pixels, count, channels, out);
}

void paint_mask(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                std::uint8_t* out) {
    const ByteOps& chosen = HOTCOLD_SELECT(paint_bytes);
    std::uint8_t room[kMaxPictureChannels][kRun];
    chosen.mask(masks, chosen.takes_pixels ? image : apart(image, room), table, out);
}

ByteRun grey_bytes(const ByteRun& image, std::uint8_t (&room)[kMaxPictureChannels][kRun],
                   std::uint8_t (&grey)[kRun]) {
    if (image.channels == 1) return image;
    const ByteRun run = apart(image, room);
    HOTCOLD_SELECT(paint_bytes).grey(run.planes[0], run.planes[1], run.planes[2], run.count, grey);
    return {run.count,
            run.channels == 4 ? std::size_t{4} : std::size_t{1},
            {grey, grey, grey, run.planes[3]}};
}

void deinterleave_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                         std::uint8_t* const* planes) {
    HOTCOLD_SELECT(paint_bytes).deinterleave(pixels, count, channels, planes);
}

void interleave_planes(const ByteRun& run, std::uint8_t* out) {
    HOTCOLD_SELECT(paint_bytes).interleave(run, out);
}

#define HOTCOLD_INSTANTIATE(Entry)                                                            \
    template void paint_colors(const Entry*, std::size_t, const ColorPlanes&, std::uint8_t*); \
    template void paint_overlay(const Entry*, const ByteRun&, const ColorPlanes&,             \
                                const ImageTable&, std::uint8_t*);
HOTCOLD_INSTANTIATE(std::uint8_t)
HOTCOLD_INSTANTIATE(std::uint16_t)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
