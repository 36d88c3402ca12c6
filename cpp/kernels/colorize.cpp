#include "kernels/colorize.hpp"

#include "kernels/colorize.simd.hpp"

namespace hotcold {
namespace {

template <typename T>
const ColorizeOps<T>& ops();
template <>
const ColorizeOps<float>& ops<float>() {
    return HOTCOLD_SELECT(colorize_f);
}
template <>
const ColorizeOps<double>& ops<double>() {
    return HOTCOLD_SELECT(colorize_d);
}

}  // namespace

ColorTable::ColorTable(const double* rgba, std::size_t entries, double overlay_opacity)
    : entries_(entries), bytes_(entries * 4), overlay_(entries * 4) {
    for (std::size_t i = 0; i < entries * 4; ++i) {
        bytes_[i] = static_cast<std::uint8_t>(rgba[i] * 255.0);
        overlay_[i] = static_cast<float>(255.0 * overlay_opacity * rgba[i] + 0.5);
    }
}

template <typename T>
void color_run(const T* values, std::size_t count, const Limits<T>& limits, const ColorTable& table,
               std::size_t out_channels, std::uint8_t* out) {
    ops<T>().color(values, count, limits, table.bytes(), table.entries(), out_channels, out);
}

template <typename T>
void overlay_run(const T* values, const PixelRun<T>& image, const Limits<T>& limits,
                 const ColorTable& table, double overlay_opacity, std::uint8_t* out) {
    ops<T>().overlay(values, image, limits, table.overlay(), table.entries(),
                     static_cast<T>(255.0 * (1.0 - overlay_opacity)), out);
}

template <typename T>
void channels_run(const PixelRun<T>& run, const Limits<T>& limits, std::uint8_t* out) {
    ops<T>().channels(run, limits, out);
}

template <typename T>
void scale_image_run(T* values, std::size_t count, const ImageScale<T>& scale) {
    ops<T>().scale_image(values, count, scale);
}

template <typename T>
void multiply_run(const T* opacity, const T* x01, std::size_t count, T* out) {
    ops<T>().multiply(opacity, x01, count, out);
}

#define HOTCOLD_INSTANTIATE(T)                                                                   \
    template void color_run(const T*, std::size_t, const Limits<T>&, const ColorTable&,          \
                            std::size_t, std::uint8_t*);                                         \
    template void overlay_run(const T*, const PixelRun<T>&, const Limits<T>&, const ColorTable&, \
                              double, std::uint8_t*);                                            \
    template void channels_run(const PixelRun<T>&, const Limits<T>&, std::uint8_t*);             \
    template void scale_image_run(T*, std::size_t, const ImageScale<T>&);                        \
    template void multiply_run(const T*, const T*, std::size_t, T*);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
