// Fetching a PrefetchRange, some lines at a time. For .simd.cpp files, as vec-inl.hpp is.
#pragma once

#include <cstdint>

#include "simd/prefetch.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

class Prefetcher {
  public:
    // All of it in `steps` calls of advance().
    Prefetcher(const PrefetchRange& range, std::size_t steps) : left_(range), rows_(range.rows) {
        if (left_.planes == 0 || left_.rows == 0 || left_.bytes == 0) return;
        start(address(left_.first));
        const std::size_t lines = left_.bytes / kLine + 1;
        per_step_ = (left_.planes * left_.rows * lines + steps - 1) / steps;
    }

    HOTCOLD_INLINE void advance() {
#if defined(__GNUC__)
        for (std::size_t i = 0; i < per_step_; ++i) {
            // To L2 and for reading also where stores follow: one that asks for the line for
            // itself, to L1, gained less.
            __builtin_prefetch(reinterpret_cast<const void*>(line_), 0, 2);
            line_ += kLine;
            if (line_ >= end_) next_row();
        }
#endif
    }

  private:
    static constexpr std::uintptr_t kLine = 64;

    static std::uintptr_t address(const void* pointer) {
        return reinterpret_cast<std::uintptr_t>(pointer);
    }

    void start(std::uintptr_t row) {
        row_ = row;
        line_ = row / kLine * kLine;
        end_ = row + left_.bytes;
    }

    void next_row() {
        if (--rows_ > 0) {
            start(row_ + static_cast<std::uintptr_t>(left_.row_stride));
        } else if (--left_.planes > 0) {
            rows_ = left_.rows;
            left_.first = static_cast<const char*>(left_.first) + left_.plane_stride;
            start(address(left_.first));
        } else {
            per_step_ = 0;
        }
    }

    PrefetchRange left_;
    std::size_t rows_;
    std::size_t per_step_ = 0;
    std::uintptr_t row_ = 0;
    std::uintptr_t line_ = 0;
    std::uintptr_t end_ = 0;
};

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
