// Memory that will be wanted soon. Kernels that compute more than they load fetch it into the L2
// cache on the way: a map that a batch has not touched for some megabytes costs a third of its blur
// otherwise (measured 2026-11).
#pragma once

#include <cstddef>

namespace hotcold {

// `planes` times `rows` stretches of `bytes` adjacent bytes; strides in bytes. None by default.
struct PrefetchRange {
    const void* first = nullptr;
    std::size_t planes = 0;
    std::size_t rows = 0;
    std::ptrdiff_t plane_stride = 0;
    std::ptrdiff_t row_stride = 0;
    std::size_t bytes = 0;
};

}  // namespace hotcold
