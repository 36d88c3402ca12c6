"""CPUs that control groups grant, read from files as container runtimes leave them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from helpers import run_python

from hotcold import _core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")

V1_MOUNT = "33 25 0:28 {group} {point} rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
V2_MOUNT = (
    "31 23 0:27 {group} {point} rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n"
)
OTHER_MOUNTS = (
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "34 25 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
)


def system(root, groups, mounts, files):
    """Lay out a system's files below `root` and return what the core makes of them."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text(OTHER_MOUNTS + mounts)
    for path, text in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return _core.cgroup_cpus(str(root))


def v2(root, group, files, mounted="/", point="/sys/fs/cgroup"):
    files = {f"{point}{folder}/cpu.max": text for folder, text in files.items()}
    return system(root, f"0::{group}\n", V2_MOUNT.format(group=mounted, point=point), files)


def v1(root, group, files, mounted="/", point="/sys/fs/cgroup/cpu,cpuacct"):
    written = {}
    for folder, (quota, period) in files.items():
        written[f"{point}{folder}/cpu.cfs_quota_us"] = f"{quota}\n"
        written[f"{point}{folder}/cpu.cfs_period_us"] = f"{period}\n"
    groups = f"12:cpuset:/elsewhere\n4:cpu,cpuacct:{group}\n1:name=systemd:{group}\n"
    return system(root, groups, V1_MOUNT.format(group=mounted, point=point), written)


def test_version_2_in_the_group_itself(tmp_path):
    assert v2(tmp_path, "/", {"": "150000 100000\n"}) == 1.5


def test_version_2_without_a_limit(tmp_path):
    assert v2(tmp_path, "/a", {"": "max 100000\n", "/a": "max 100000\n"}) == 0.0


@pytest.mark.parametrize("limited", ["/a", "/a/b", "/a/b/c.scope"])
def test_version_2_in_any_group_around_the_process(tmp_path, limited):
    files = {"/a": "max 100000\n", "/a/b": "max 100000\n", "/a/b/c.scope": "max 100000\n"}
    assert v2(tmp_path, "/a/b/c.scope", {**files, limited: "300000 100000\n"}) == 3.0


def test_version_2_the_least_limit_counts(tmp_path):
    files = {"/a": "200000 100000\n", "/a/b": "50000 100000\n", "/a/b/c": "400000 100000\n"}
    assert v2(tmp_path, "/a/b/c", files) == 0.5


def test_version_2_limits_of_other_groups_do_not_count(tmp_path):
    files = {"/a": "max 100000\n", "/a/other": "50000 100000\n", "/b": "50000 100000\n"}
    assert v2(tmp_path, "/a/mine", files) == 0.0


def test_version_2_mounted_from_the_containers_own_group(tmp_path):
    # Without a namespace of its own, a container sees its group's full path but only its inside.
    files = {"": "250000 100000\n", "/worker": "max 100000\n"}
    assert v2(tmp_path, "/docker/0123/worker", files, mounted="/docker/0123") == 2.5


@pytest.mark.parametrize("group", ["/elsewhere", "/../../outside", "/"])
def test_version_2_a_group_outside_of_what_is_mounted(tmp_path, group):
    assert v2(tmp_path, group, {"": "250000 100000\n"}, mounted="/docker/0123") == 2.5


def test_version_2_mounted_elsewhere(tmp_path):
    assert v2(tmp_path, "/a", {"/a": "100000 100000\n"}, point="/sys/fs/cgroup/unified") == 1.0


def test_version_1_in_the_group_itself(tmp_path):
    assert v1(tmp_path, "/", {"": (250_000, 100_000)}) == 2.5


def test_version_1_without_a_limit(tmp_path):
    assert v1(tmp_path, "/a", {"": (-1, 100_000), "/a": (-1, 100_000)}) == 0.0


@pytest.mark.parametrize("limited", ["/a", "/a/b"])
def test_version_1_in_any_group_around_the_process(tmp_path, limited):
    files = {"/a": (-1, 100_000), "/a/b": (-1, 100_000)}
    assert v1(tmp_path, "/a/b", {**files, limited: (75_000, 50_000)}) == 1.5


def test_version_1_mounted_from_the_containers_own_group(tmp_path):
    assert v1(tmp_path, "/docker/0123", {"": (50_000, 100_000)}, mounted="/docker/0123") == 0.5


def test_both_versions_with_the_processor_in_the_first(tmp_path):
    mounts = V1_MOUNT.format(group="/", point="/sys/fs/cgroup/cpu") + V2_MOUNT.format(
        group="/", point="/sys/fs/cgroup/unified"
    )
    files = {
        "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "200000",
        "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
    }
    assert system(tmp_path, "3:cpu:/a\n0::/a\n", mounts, files) == 2.0


@pytest.mark.parametrize("text", ["", "what", "100000", "0 0", "-1 100000", "1e999 100000"])
def test_what_cannot_be_read_is_no_limit(tmp_path, text):
    assert v2(tmp_path, "/", {"": text}) in (0.0, float("inf"))


def test_a_system_without_control_groups_has_no_limit(tmp_path):
    assert _core.cgroup_cpus(str(tmp_path)) == 0.0


def test_this_system_is_read():
    here = _core.cgroup_cpus("")
    assert here >= 0.0
    if here == 0.0 and "HOTCOLD_NUM_THREADS" not in os.environ:
        assert _core.default_threads() == len(os.sched_getaffinity(0))


def test_the_environment_variable_goes_before_any_quota():
    code = "import hotcold; print(hotcold.build_info()['n_threads'])"
    assert run_python(code, HOTCOLD_NUM_THREADS="7").stdout == "7\n"


# --- a real group -----------------------------------------------------------------------------

V1_ROOT = Path("/sys/fs/cgroup/cpu")


@pytest.fixture
def real_group():
    """A new group of the kernel with a quota of one and a half CPUs, where one may be made."""
    folder = V1_ROOT / f"hotcold-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "inner").mkdir()
    except OSError:
        pytest.skip("no control group of version 1 that this process may make")
    try:
        (folder / "cpu.cfs_quota_us").write_text("150000")
        yield folder / "inner"
    finally:
        (folder / "inner").rmdir()
        folder.rmdir()


def test_a_real_quota_is_seen_from_an_inner_group(real_group):
    code = (
        "import os, pathlib\n"
        f"pathlib.Path({str(real_group / 'tasks')!r}).write_text(str(os.getpid()))\n"
        "import hotcold\n"
        "print(hotcold._core.cgroup_cpus(''), hotcold.build_info()['n_threads'])"
    )
    seen, threads = run_python(code, HOTCOLD_NUM_THREADS=None).stdout.split()
    assert float(seen) == 1.5
    assert int(threads) == min(2, len(os.sched_getaffinity(0)))
