// What the ways of blurring have in common.
#pragma once

#include <cstddef>

#include "kernels/load/plane_reader.hpp"
#include "runtime/parallel.hpp"
#include "simd/prefetch.hpp"

namespace hotcold {

// One way to blur planes of one size by one pair of sigmas; immutable once made.
template <typename T>
class BlurMethod {
  public:
    BlurMethod() = default;
    virtual ~BlurMethod() = default;
    BlurMethod(const BlurMethod&) = delete;
    BlurMethod& operator=(const BlurMethod&) = delete;

    // Scratch for apply(), which wants it 64-byte aligned.
    virtual std::size_t workspace_bytes() const = 0;

    // Blurs what `from` reads into the contiguous plane `out`, which may be what it reads. Returns
    // how many values were not finite. `next` is what the caller reads afterwards. Any number of
    // threads may call it, each with scratch of its own.
    virtual std::size_t apply(const PlaneReader<T>& from, const PrefetchRange& next, T* out,
                              std::byte* scratch, const Team& team) const = 0;
};

}  // namespace hotcold
