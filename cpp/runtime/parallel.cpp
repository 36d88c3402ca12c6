// A small pool of std::thread workers. Every running parallel_for is a job in a list; an idle
// worker joins the first job that still has tasks and room. The caller always works on its own job,
// so a job never waits for a worker and nested or concurrent calls cannot deadlock.
#include "runtime/parallel.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "runtime/interrupt.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define HOTCOLD_HAS_FORK 1
#endif

namespace hotcold {
namespace {

// How often this process is the child of a fork.
std::atomic<unsigned> n_forks{0};

struct Job {
    const std::function<void(std::size_t, int)>* body;
    std::size_t n_tasks;
    int max_workers;           // the caller included
    int joined = 1;            // guarded by Pool::mutex_
    int working = 0;           // helpers inside run(); guarded by Pool::mutex_
    std::exception_ptr error;  // the first one; guarded by Pool::mutex_
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    InterruptWatch* const watch = current_watch();
    const unsigned forks = n_forks.load(std::memory_order_relaxed);

    Job(const std::function<void(std::size_t, int)>* job_body, std::size_t tasks, int workers)
        : body(job_body), n_tasks(tasks), max_workers(workers) {}

    bool has_work() const {
        return !failed.load(std::memory_order_relaxed) &&
               next.load(std::memory_order_relaxed) < n_tasks;
    }

    // In the child that a signal's handler forked while the caller looked for signals: the helpers
    // are gone, and what they had taken will never be done.
    bool lost_helpers() const { return forks != n_forks.load(std::memory_order_relaxed); }
};

thread_local bool inside_job = false;

class Pool {
  public:
    void run(Job& job) {
        std::list<Job*>::iterator place;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            ensure_threads(job.max_workers - 1);
            place = jobs_.insert(jobs_.end(), &job);
        }
        wake_.notify_all();
        work(job, 0);
        if (!job.lost_helpers()) wait_for_helpers(job, place);
        if (job.lost_helpers()) {
            throw std::runtime_error(
                "a signal handler forked this process in the middle of the call, whose other "
                "threads are gone: the forked process must leave the handler by os._exit or exec");
        }
        if (job.error) std::rethrow_exception(job.error);
    }

  private:
    // More threads than this would only wait for one another, whatever a caller asks for.
    static constexpr int kMaxThreads = 256;

    // How long the caller waits for helpers before it looks whether the call is to end.
    static constexpr std::chrono::milliseconds kPatience{50};

    void ensure_threads(int wanted) {
        if (wanted > kMaxThreads) wanted = kMaxThreads;
        for (; n_threads_ < wanted; ++n_threads_) {
            try {
                std::thread([this] { serve(); }).detach();
            } catch (const std::system_error&) {
                return;  // the system gives no more threads: those we have do the work
            }
        }
    }

    Job* find_job() {
        for (Job* job : jobs_) {
            if (job->joined < job->max_workers && job->has_work()) return job;
        }
        return nullptr;
    }

    void serve() {
        std::unique_lock<std::mutex> lock(mutex_);
        while (true) {
            Job* job = nullptr;
            wake_.wait(lock, [&] { return (job = find_job()) != nullptr; });
            const int worker = job->joined++;
            ++job->working;
            lock.unlock();
            {
                const HelpsWatch helps(job->watch);
                work(*job, worker);
            }
            lock.lock();
            // The caller may destroy the job as soon as it sees 0; nothing touches it after this.
            if (--job->working == 0) done_.notify_all();
        }
    }

    void work(Job& job, int worker) {
        inside_job = true;
        try {
            while (job.has_work()) {
                check_interrupt();
                if (job.lost_helpers()) break;
                const std::size_t task = job.next.fetch_add(1, std::memory_order_relaxed);
                if (task >= job.n_tasks) break;
                (*job.body)(task, worker);
            }
        } catch (...) {
            if (!job.lost_helpers()) fail(job, std::current_exception());
        }
        inside_job = false;
    }

    void fail(Job& job, const std::exception_ptr& error) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!job.error) job.error = error;
        job.failed.store(true, std::memory_order_relaxed);
    }

    void wait_for_helpers(Job& job, std::list<Job*>::iterator place) {
        std::unique_lock<std::mutex> lock(mutex_);
        jobs_.erase(place);
        while (!done_.wait_for(lock, kPatience, [&job] { return job.working == 0; })) {
            lock.unlock();
            const bool ends = interrupted();
            if (job.lost_helpers()) return;
            if (ends) fail(job, std::make_exception_ptr(Interrupted{}));
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    std::list<Job*> jobs_;
    int n_threads_ = 0;
};

// The pool is never destroyed and its threads are never joined: when the process exits, a daemon
// thread of the host program may still be inside a call. After fork() the child has none of the
// parent's threads, and the old pool's locks are in an unknown state, so the child abandons that
// pool (a few hundred bytes) and makes its own.
std::atomic<Pool*> pool_instance{nullptr};

Pool& pool() {
    static std::mutex creation;
    Pool* existing = pool_instance.load(std::memory_order_acquire);
    if (existing != nullptr) return *existing;
    const std::lock_guard<std::mutex> lock(creation);
    existing = pool_instance.load(std::memory_order_acquire);
    if (existing == nullptr) {
#if defined(HOTCOLD_HAS_FORK)
        static const bool registered = [] {
            pthread_atfork([] { creation.lock(); }, [] { creation.unlock(); },
                           [] {
                               pool_instance.store(nullptr, std::memory_order_release);
                               n_forks.fetch_add(1, std::memory_order_relaxed);
                               inside_job = false;
                               creation.unlock();
                           });
            return true;
        }();
        static_cast<void>(registered);
#endif
        existing = new Pool;
        pool_instance.store(existing, std::memory_order_release);
    }
    return *existing;
}

}  // namespace

int hardware_threads() { return static_cast<int>(std::thread::hardware_concurrency()); }

void parallel_for(std::size_t n_tasks, int n_threads,
                  const std::function<void(std::size_t task, int worker)>& body) {
    if (n_threads > 1 && static_cast<std::size_t>(n_threads) > n_tasks) {
        n_threads = static_cast<int>(n_tasks);
    }
    if (n_threads <= 1 || inside_job) {
        for (std::size_t task = 0; task < n_tasks; ++task) {
            check_interrupt();
            body(task, 0);
        }
        return;
    }
    Job job(&body, n_tasks, n_threads);
    pool().run(job);
}

void stand_still() noexcept {
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace hotcold
