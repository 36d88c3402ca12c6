#include "kernels/load/load.hpp"

#include <algorithm>
#include <atomic>

#include "kernels/load/load.ops.hpp"
#include "kernels/load/plane_reader.hpp"
#include "runtime/integers.hpp"

namespace hotcold {

template <>
const LoadOps<float>& load_ops<float>() {
    return HOTCOLD_SELECT(load_f);
}
template <>
const LoadOps<double>& load_ops<double>() {
    return HOTCOLD_SELECT(load_d);
}

std::size_t rows_per_block(std::size_t columns) {
    // 16 Ki elements: 64 KiB of float, enough work to outweigh handing a block to a thread.
    constexpr std::size_t kBlockElements = 16384;
    return std::max<std::size_t>(1, kBlockElements / columns);
}

template <typename T>
std::size_t load_channel(const SourceView& source, std::size_t item, std::size_t channel, T* out,
                         const Team& team) {
    return PlaneReader<T>::channel(source, item, channel).read(out, team);
}

template <typename T>
bool all_finite(const T* values, std::size_t count, const Team& team) {
    constexpr std::size_t kBlock = 65536;
    std::atomic<bool> fine{true};
    team.for_each(ceil_div(count, kBlock), [&](std::size_t block) {
        const std::size_t begin = block * kBlock;
        if (!load_ops<T>().all_finite(values + begin, std::min(kBlock, count - begin))) {
            fine.store(false, std::memory_order_relaxed);
        }
    });
    return fine.load();
}

template <typename T>
void store_channel(const T* plane, const BatchView<T>& out, std::size_t item, std::size_t channel,
                   const Team& team) {
    const Shape& shape = out.shape;
    const std::size_t step = rows_per_block(shape.columns);
    team.for_each(ceil_div(shape.rows, step), [&](std::size_t block) {
        const std::size_t end = std::min(shape.rows, (block + 1) * step);
        for (std::size_t row = block * step; row < end; ++row) {
            store_run(plane + row * shape.columns, shape.columns, out.at(item, channel, row),
                      out.strides.column);
        }
    });
}

template std::size_t load_channel(const SourceView&, std::size_t, std::size_t, float*, const Team&);
template std::size_t load_channel(const SourceView&, std::size_t, std::size_t, double*,
                                  const Team&);
template bool all_finite(const float*, std::size_t, const Team&);
template bool all_finite(const double*, std::size_t, const Team&);
template void store_channel(const float*, const BatchView<float>&, std::size_t, std::size_t,
                            const Team&);
template void store_channel(const double*, const BatchView<double>&, std::size_t, std::size_t,
                            const Team&);

}  // namespace hotcold
