// How many CPUs there are for this process, and how many threads it starts by default.
#pragma once

#include <string>

namespace hotcold {

// CPUs this process may use: the affinity mask, capped by the cgroups' quotas; at least 1.
int available_cpus();

// HOTCOLD_NUM_THREADS if set, else available_cpus(). std::invalid_argument when the variable is
// not a whole number >= 1.
int default_threads();

// CPUs' worth of time that the control groups of this process grant, the least of all groups from
// its own to the outermost that can be seen; 0 when none sets a limit. `root` is put before the
// paths that are read (/proc/self/...), for tests; "" is this system. Linux only, 0 elsewhere.
double cgroup_cpus(const std::string& root);

}  // namespace hotcold
