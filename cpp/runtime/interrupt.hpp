// How a long call is ended before it is done: by Ctrl-C, or because a job is ending.
//
// Whoever makes the call puts an InterruptWatch on its thread. Loops that may take long call
// check_interrupt() now and then, on whatever thread they run; all threads of the call leave
// together, and nobody works on its buffers any more when the exception reaches the caller.
#pragma once

#include <atomic>
#include <cstdint>

namespace hotcold {

// What check_interrupt() throws.
struct Interrupted {};

// Watches the calls that this thread makes while it lives.
class InterruptWatch {
  public:
    InterruptWatch();
    virtual ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    // Whether the call has been told to end.
    bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

    // Has the answer been yes, or, on the watch's own thread and when it is time, is it yes now?
    bool asks_to_stop(bool on_own_thread);

  protected:
    enum class Answer { kGoOn, kGoOnForGood, kStop };

    // Whether the call shall end; on the watch's own thread, at most every 50 ms. It may take a
    // while, run anything and fork the process, but not throw. After kGoOnForGood it is not called
    // again.
    virtual Answer ask() = 0;

  private:
    std::atomic<bool> stopped_{false};
    std::int64_t due_;  // when to ask next; only its own thread looks
    InterruptWatch* outer_;
};

// Throws Interrupted when the watch of this thread's call says so. A few nanoseconds: fit for loops
// whose rounds take a microsecond.
void check_interrupt();

// The same as an answer.
bool interrupted();

// The watch of the call that this thread works for, null if there is none.
InterruptWatch* current_watch();

// Works for another thread's call while it lives; `watch` may be null.
class HelpsWatch {
  public:
    explicit HelpsWatch(InterruptWatch* watch);
    ~HelpsWatch();
    HelpsWatch(const HelpsWatch&) = delete;
    HelpsWatch& operator=(const HelpsWatch&) = delete;
};

}  // namespace hotcold
