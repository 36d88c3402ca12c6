// Work without Python's lock, as every kernel is called.
#pragma once

#include <pybind11/pybind11.h>

#include "runtime/interrupt.hpp"

namespace hotcold {

// The lock is given back for as long as this lives. Meanwhile the call can be ended: on the main
// thread by what Python's signal handlers raise (Ctrl-C: KeyboardInterrupt), on others by what the
// function given to set_call_check() raises.
//
// Unlike py::gil_scoped_release this survives the end of the interpreter. A daemon thread that asks
// for the lock then is unwound by force (CPython 3.10 to 3.13, pthread_exit), through C++ frames
// that do not allow it and call std::terminate. Here it is stopped where it stands, as CPython 3.14
// itself does: the process is about to exit.
class ReleasedGil final : public InterruptWatch {
  public:
    ReleasedGil() : state_(PyEval_SaveThread()) {}
    ~ReleasedGil() override { take_back(); }

    // Takes the lock again, once.
    void take_back() noexcept;

  private:
    Answer ask() override;

    PyThreadState* state_;
};

// The result of `work`, called without the lock; it must touch no Python object.
template <typename Work>
auto without_gil(const Work& work) {
    ReleasedGil released;
    try {
        return work();
    } catch (...) {
        released.take_back();
        // Python's error is set on this thread, and goes before whatever else went wrong.
        if (released.stopped()) throw pybind11::error_already_set();
        throw;
    }
}

// Calls `check`, None for nothing, now and then in long calls of the thread that sets it; what it
// raises ends the call. For threads other than the main one.
void set_call_check(const pybind11::object& check);

}  // namespace hotcold
