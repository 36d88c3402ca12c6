// Walking a batch: who takes which item, with how much help and which scratch.
#pragma once

#include <cstddef>
#include <mutex>

#include "kernels/load/image_view.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// Work below this many pixel visits stays on the calling thread: waking a helper costs about as
// much (measured 2026-11, 10 to 50 us against 1 to 5 ns a pixel).
constexpr std::size_t kSerialElements = 16384;

// Calls body(item, workspace, team) for each item. Threads take whole items; a batch with fewer
// items than threads is walked one item at a time with all threads on its rows.
template <typename F>
void for_each_item(std::size_t items, std::size_t elements_per_item, std::size_t workspace_bytes,
                   int n_threads, const F& body) {
    if (n_threads > 1 && items * elements_per_item < kSerialElements) n_threads = 1;
    if (n_threads > 1 && items >= static_cast<std::size_t>(n_threads)) {
        parallel_for(items, n_threads, [&](std::size_t item, int) {
            Workspace workspace(workspace_bytes);
            body(item, workspace, Team(1));
        });
        return;
    }
    const Team team(n_threads);
    Workspace workspace(workspace_bytes);
    for (std::size_t item = 0; item < items; ++item) {
        check_interrupt();
        workspace.reset();
        body(item, workspace, team);
    }
}

// Keeps the first item (by position, not by time) that held non-finite values.
class NonFiniteLog {
  public:
    void record(std::size_t item, std::size_t count) {
        if (count == 0) return;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (item < first_.item) {
            first_.item = item;
            first_.count = count;
        }
    }
    NonFinite first() const { return first_; }
    void clear() { first_ = {}; }

  private:
    std::mutex mutex_;
    NonFinite first_;
};

}  // namespace hotcold
