#include "runtime/interrupt.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#if defined(__linux__)
#include <time.h>
#endif

namespace hotcold {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Nanoseconds since whenever, right to some milliseconds. The coarse clock takes a fifth of what
// the fine one does.
std::int64_t now() {
#if defined(__linux__)
    timespec time;
    if (clock_gettime(CLOCK_MONOTONIC_COARSE, &time) == 0) {
        return std::int64_t{time.tv_sec} * 1000 * kMillisecond + time.tv_nsec;
    }
#endif
    const auto passed = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count();
}

// To ask may mean to wait for a lock that others keep busy: that shall take a fortieth of the time
// at most. 250 ms at the longest leave as much for a loop to come by.
std::int64_t pause_after(std::int64_t took) {
    return std::clamp(40 * took, 50 * kMillisecond, 250 * kMillisecond);
}

struct Current {
    InterruptWatch* watch = nullptr;
    bool own = false;
};

thread_local Current current;

}  // namespace

InterruptWatch::InterruptWatch() : due_(now() + pause_after(0)), outer_(current.watch) {
    current = {this, true};
}

// Calls are nested only by a signal's handler, on the thread of the outer call.
InterruptWatch::~InterruptWatch() { current = {outer_, outer_ != nullptr}; }

bool InterruptWatch::asks_to_stop(bool on_own_thread) {
    if (stopped()) return true;
    if (!on_own_thread) return false;
    const std::int64_t begin = now();
    if (begin < due_) return false;
    const Answer answer = ask();
    const std::int64_t end = now();
    due_ = answer == Answer::kGoOnForGood ? kNever : end + pause_after(end - begin);
    if (answer == Answer::kStop) stopped_.store(true, std::memory_order_relaxed);
    return answer == Answer::kStop;
}

bool interrupted() { return current.watch != nullptr && current.watch->asks_to_stop(current.own); }

void check_interrupt() {
    if (interrupted()) throw Interrupted{};
}

InterruptWatch* current_watch() { return current.watch; }

HelpsWatch::HelpsWatch(InterruptWatch* watch) { current = {watch, false}; }

HelpsWatch::~HelpsWatch() { current = {}; }

}  // namespace hotcold
