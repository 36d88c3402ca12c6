// The one place that knows threads.
#pragma once

#include <cstddef>
#include <functional>

#include "runtime/interrupt.hpp"

namespace hotcold {

// Threads that the processors run at once, 0 if nobody knows.
int hardware_threads();

// Calls body(task, worker) once for each task in [0, n_tasks), on at most n_threads threads of
// which the caller is one (worker 0). Tasks are taken in order from a shared counter; which worker
// takes which is not determined, so results must not depend on it. The first exception (the
// caller's own included) is rethrown here after every worker has stopped; the tasks not yet begun
// are dropped. Between tasks check_interrupt() is called. A call from inside a body runs on that
// thread alone. Safe from several threads at once and after fork().
void parallel_for(std::size_t n_tasks, int n_threads,
                  const std::function<void(std::size_t task, int worker)>& body);

// For a thread that must go no further although it cannot end. Nothing may wait for it.
[[noreturn]] void stand_still() noexcept;

// Who works on one item: the calling thread alone (1), or up to n_threads of them. Kernels split
// an item at boundaries that depend on its size only, so that the count never changes a bit.
class Team {
  public:
    explicit Team(int n_threads = 1) : n_threads_(n_threads) {}

    template <typename F>
    void for_each(std::size_t n_tasks, const F& body) const {
        if (n_threads_ <= 1 || n_tasks <= 1) {
            for (std::size_t task = 0; task < n_tasks; ++task) {
                check_interrupt();
                body(task);
            }
        } else {
            parallel_for(n_tasks, n_threads_, [&body](std::size_t task, int) { body(task); });
        }
    }

    int n_threads() const { return n_threads_; }

  private:
    int n_threads_;
};

}  // namespace hotcold
