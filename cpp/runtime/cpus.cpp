// Control groups are read as container runtimes leave them: the process may be in a nested group,
// and any group above it may hold the limit; the group file system may be mounted anywhere, from
// its root or (in a container without a cgroup namespace) from the container's own group.
#include "runtime/cpus.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include "runtime/parallel.hpp"

namespace hotcold {
namespace {

#if defined(__linux__)

// Whether `word` is in a list like "cpu,cpuacct".
bool lists(const std::string& list, const std::string& word) {
    return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// Where a hierarchy of groups can be read, and which of its groups is there.
struct Mount {
    std::string point;
    std::string group;
};

// A line of /proc/self/mountinfo (man 5 proc): id, parent, device, root, mount point, options, any
// number of tags, "-", type, source, options of the file system.
bool parse_mount(const std::string& line, bool v2, Mount& mount) {
    std::istringstream words(line);
    std::string skipped;
    std::string type;
    std::string options;
    words >> skipped >> skipped >> skipped >> mount.group >> mount.point;
    while (words >> skipped && skipped != "-") continue;
    if (!(words >> type >> skipped >> options)) return false;
    return v2 ? type == "cgroup2" : type == "cgroup" && lists(options, "cpu");
}

// The folders from `group`'s own to the mount's, innermost first.
std::vector<std::string> folders(const Mount& mount, std::string group) {
    const std::string top = mount.group == "/" ? "" : mount.group;
    // What lies outside of what is mounted cannot be read: the outermost group has to do.
    if (group.compare(0, top.size(), top) != 0 || group.find("..") != std::string::npos) {
        group = top;
    }
    std::string inner = group.substr(top.size());
    std::vector<std::string> found;
    while (inner.size() > 1) {
        found.push_back(mount.point + inner);
        inner.erase(inner.rfind('/'));
    }
    found.push_back(mount.point);
    return found;
}

// CPUs that one group grants, 0 for no limit. Version 2 holds "quota period" in one file ("max":
// no limit), version 1 one number in each of two (-1: no limit).
double quota_of(const std::string& folder, bool v2) {
    double quota = 0.0;
    double period = 0.0;
    if (v2) {
        std::ifstream file(folder + "/cpu.max");
        std::string text;
        if (!(file >> text >> period) || text == "max") return 0.0;
        quota = std::strtod(text.c_str(), nullptr);
    } else {
        std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
        std::ifstream period_file(folder + "/cpu.cfs_period_us");
        if (!(quota_file >> quota) || !(period_file >> period)) return 0.0;
    }
    return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

// The least quota of `group`, a path as /proc/self/cgroup has it, and of those around it.
double least_quota(const std::string& root, const std::string& group, bool v2) {
    std::ifstream mounts(root + "/proc/self/mountinfo");
    double least = 0.0;
    for (std::string line; std::getline(mounts, line);) {
        Mount mount;
        if (!parse_mount(line, v2, mount)) continue;
        for (const std::string& folder : folders(mount, group)) {
            const double quota = quota_of(root + folder, v2);
            if (quota > 0.0 && (least == 0.0 || quota < least)) least = quota;
        }
    }
    return least;
}

#endif

}  // namespace

double cgroup_cpus([[maybe_unused]] const std::string& root) {
    double least = 0.0;
#if defined(__linux__)
    // Lines "number:controllers:group"; version 2 has number 0 and no controllers. Both may be
    // there, with the processor in either.
    std::ifstream groups(root + "/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const bool v2 = controllers.empty();
        if (!v2 && !lists(controllers, "cpu")) continue;
        const double quota = least_quota(root, line.substr(second + 1), v2);
        if (quota > 0.0 && (least == 0.0 || quota < least)) least = quota;
    }
#endif
    return least;
}

int available_cpus() {
    int count = 0;
#if defined(__linux__)
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof(mask), &mask) == 0) count = CPU_COUNT(&mask);
#endif
    // Reads a file on Linux, which takes longer than a small render.
    if (count < 1) count = hardware_threads();
    static const double granted = cgroup_cpus("");
    // A quota of 1.5 CPUs keeps two threads busier than one; 0.5 still needs one.
    if (granted > 0.0 && granted < count) count = static_cast<int>(std::ceil(granted));
    return std::max(count, 1);
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

}  // namespace hotcold
