// A small pool of std::thread workers. Every running parallel_for is a job in a list; an idle
// worker joins the first job that still has tasks and room. The caller always works on its own job,
// so a job never waits for a worker and nested or concurrent calls cannot deadlock.
#include "runtime/parallel.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <list>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define HOTCOLD_HAS_FORK 1
#endif

namespace hotcold {
namespace {

struct Job {
    const std::function<void(std::size_t, int)>* body;
    std::size_t n_tasks;
    int max_workers;           // the caller included
    int joined = 1;            // guarded by Pool::mutex_
    int working = 0;           // helpers inside run(); guarded by Pool::mutex_
    std::exception_ptr error;  // the first one; guarded by Pool::mutex_
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};

    Job(const std::function<void(std::size_t, int)>* job_body, std::size_t tasks, int workers)
        : body(job_body), n_tasks(tasks), max_workers(workers) {}

    bool has_work() const {
        return !failed.load(std::memory_order_relaxed) &&
               next.load(std::memory_order_relaxed) < n_tasks;
    }
};

thread_local bool inside_job = false;

class Pool {
  public:
    ~Pool() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    void run(Job& job) {
        std::list<Job*>::iterator place;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            ensure_threads(job.max_workers - 1);
            place = jobs_.insert(jobs_.end(), &job);
        }
        wake_.notify_all();
        work(job, 0);
        std::unique_lock<std::mutex> lock(mutex_);
        jobs_.erase(place);
        done_.wait(lock, [&job] { return job.working == 0; });
        if (job.error) std::rethrow_exception(job.error);
    }

  private:
    // More threads than this would only wait for one another, whatever a caller asks for.
    static constexpr int kMaxThreads = 256;

    void ensure_threads(int wanted) {
        if (wanted > kMaxThreads) wanted = kMaxThreads;
        while (static_cast<int>(threads_.size()) < wanted) {
            try {
                threads_.emplace_back([this] { serve(); });
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
            wake_.wait(lock, [&] { return stopping_ || (job = find_job()) != nullptr; });
            if (stopping_) return;
            const int worker = job->joined++;
            ++job->working;
            lock.unlock();
            work(*job, worker);
            lock.lock();
            // The caller may destroy the job as soon as it sees 0; nothing touches it after this.
            if (--job->working == 0) done_.notify_all();
        }
    }

    void work(Job& job, int worker) {
        inside_job = true;
        try {
            while (job.has_work()) {
                const std::size_t task = job.next.fetch_add(1, std::memory_order_relaxed);
                if (task >= job.n_tasks) break;
                (*job.body)(task, worker);
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!job.error) job.error = std::current_exception();
            job.failed.store(true, std::memory_order_relaxed);
        }
        inside_job = false;
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    std::list<Job*> jobs_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

// The pool is never destroyed at exit: a daemon thread of the host program may still be inside a
// call then. After fork() the child has none of the parent's threads, and the old pool's locks are
// in an unknown state, so the child abandons that pool (a few hundred bytes) and makes its own.
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

#if defined(__linux__)
// CPUs' worth of time that the cgroup grants, or 0 when it sets no limit. Version 2 holds
// "quota period" in one file ("max" means no limit), version 1 one number in each of two.
double cgroup_cpus() {
    std::ifstream v2("/sys/fs/cgroup/cpu.max");
    std::string quota_text;
    double quota = 0.0;
    double period = 0.0;
    if (v2 >> quota_text >> period) {
        if (quota_text == "max") return 0.0;
        quota = std::strtod(quota_text.c_str(), nullptr);
    } else {
        std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        std::ifstream period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
        if (!(quota_file >> quota) || !(period_file >> period)) return 0.0;
    }
    return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}
#endif

}  // namespace

int available_cpus() {
    int count = 0;
#if defined(__linux__)
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof(mask), &mask) == 0) count = CPU_COUNT(&mask);
#endif
    // Reads a file on Linux, which takes longer than a small render.
    if (count < 1) count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    static const double granted = cgroup_cpus();
    // A quota of 1.5 CPUs keeps two threads busier than one; 0.5 still needs one.
    if (granted > 0.0 && granted < count) count = static_cast<int>(granted + 0.999);
#endif
    return count < 1 ? 1 : count;
}

int default_threads() {
    const char* text = std::getenv("HOTCOLD_NUM_THREADS");
    if (text == nullptr || text[0] == '\0') return available_cpus();
    char* end = nullptr;
    errno = 0;
    const long value = std::strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > 1'000'000) {
        throw std::invalid_argument(
            "the environment variable HOTCOLD_NUM_THREADS must be a whole number >= 1, got '" +
            std::string(text) + "'");
    }
    return static_cast<int>(value);
}

void parallel_for(std::size_t n_tasks, int n_threads,
                  const std::function<void(std::size_t task, int worker)>& body) {
    if (n_threads > 1 && static_cast<std::size_t>(n_threads) > n_tasks) {
        n_threads = static_cast<int>(n_tasks);
    }
    if (n_threads <= 1 || inside_job) {
        for (std::size_t task = 0; task < n_tasks; ++task) body(task, 0);
        return;
    }
    Job job(&body, n_tasks, n_threads);
    pool().run(job);
}

}  // namespace hotcold
