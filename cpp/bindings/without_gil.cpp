#include "bindings/without_gil.hpp"

#include <utility>

#include "runtime/parallel.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

// In the dictionary of the thread, which is Python's: it goes with the thread.
constexpr const char* kCheckKey = "hotcold.call_check";

// Whether signals are Python's business on this thread. `threading` knows, once it is imported.
// Negative with Python's error set. Here and below no C++ object owns a reference: its destructor
// would run, without the lock, in a thread that is told to exit.
int is_main_thread() {
    PyObject* const name = PyUnicode_FromString("threading");
    if (name == nullptr) return -1;
    PyObject* const threading = PyImport_GetModule(name);
    Py_DECREF(name);
    if (threading == nullptr) return PyErr_Occurred() != nullptr ? -1 : 1;
    PyObject* const main = PyObject_CallMethod(threading, "main_thread", nullptr);
    Py_DECREF(threading);
    if (main == nullptr) return -1;
    PyObject* const ident = PyObject_GetAttrString(main, "ident");
    Py_DECREF(main);
    if (ident == nullptr) return -1;
    const unsigned long id = PyLong_AsUnsignedLong(ident);
    Py_DECREF(ident);
    if (id == static_cast<unsigned long>(-1) && PyErr_Occurred() != nullptr) return -1;
    return id == PyThread_get_thread_ident() ? 1 : 0;
}

// The function given to set_call_check() on this thread, null if there is none.
PyObject* call_check() {
    PyObject* const dictionary = PyThreadState_GetDict();
    PyObject* const check =
        dictionary == nullptr ? nullptr : PyDict_GetItemString(dictionary, kCheckKey);
    return check == Py_None ? nullptr : check;
}

}  // namespace

void ReleasedGil::take_back() noexcept {
    if (state_ == nullptr) return;
    try {
        PyEval_RestoreThread(std::exchange(state_, nullptr));
    } catch (...) {  // the unwinding
        stand_still();
    }
}

ReleasedGil::Answer ReleasedGil::ask() {
    take_back();
    Answer answer = Answer::kGoOn;
    try {
        if (PyObject* const check = call_check()) {
            PyObject* const result = PyObject_CallNoArgs(check);
            if (result == nullptr) answer = Answer::kStop;
            Py_XDECREF(result);
        } else {
            const int main = is_main_thread();
            if (main == 0) answer = Answer::kGoOnForGood;
            if (main < 0) answer = Answer::kStop;
        }
        if (answer == Answer::kGoOn && PyErr_CheckSignals() != 0) answer = Answer::kStop;
    } catch (...) {  // the same, while Python code ran
        stand_still();
    }
    state_ = PyEval_SaveThread();
    return answer;
}

void set_call_check(const py::object& check) {
    PyObject* const dictionary = PyThreadState_GetDict();
    if (dictionary == nullptr) return;
    if (PyDict_SetItemString(dictionary, kCheckKey, check.ptr()) != 0) {
        throw py::error_already_set();
    }
}

}  // namespace hotcold
