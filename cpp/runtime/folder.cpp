#include "runtime/folder.hpp"

#include <cerrno>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#define HOTCOLD_HAS_OPENAT 1
#endif

#include "runtime/interrupt.hpp"

namespace hotcold {

#if defined(HOTCOLD_HAS_OPENAT)
namespace {

// To go through a folder takes less than to list it: files may be made where nobody may look.
#if defined(O_PATH)
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
#elif defined(O_SEARCH)
constexpr int kFolderFlags = O_SEARCH | O_DIRECTORY | O_CLOEXEC;
#else
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif

// Some systems refuse 2 GiB; and between two pieces a long call can be ended.
constexpr std::size_t kMaxAtOnce = std::size_t{1} << 25;

int open_again(int folder, const char* name, int flags) {
    int handle = -1;
    do {
        handle = ::openat(folder, name, flags, 0666);
    } while (handle < 0 && errno == EINTR);
    return handle;
}

// 0 or an errno, ECANCELED once the call is to end. A disk that fills up takes less than it is
// given before it refuses.
int write_all(int handle, const std::uint8_t* data, std::size_t size) {
    while (size > 0) {
        const ssize_t taken = ::write(handle, data, std::min(size, kMaxAtOnce));
        if (taken < 0 && errno == EINTR) continue;
        if (taken < 0) return errno;
        if (taken == 0) return EIO;
        if (static_cast<std::size_t>(taken) < size && interrupted()) return ECANCELED;
        data += taken;
        size -= static_cast<std::size_t>(taken);
    }
    return 0;
}

}  // namespace

Folder::Folder(const std::string& path)
    : path_(path), handle_(open_again(AT_FDCWD, path.c_str(), kFolderFlags)) {
    if (handle_ < 0) throw FileError{errno, path, {}};
}

Folder::~Folder() { ::close(handle_); }

void Folder::put(const std::string& temporary, const std::string& name, const std::uint8_t* data,
                 std::size_t size) const {
    constexpr int kNewFile = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const int handle = open_again(handle_, temporary.c_str(), kNewFile);
    if (handle < 0) throw FileError{errno, path_of(temporary), {}};
    int code = write_all(handle, data, size);
    // A file system over a network may say only now that it has no room. An interrupted close has
    // closed.
    if (::close(handle) != 0 && errno != EINTR && code == 0) code = errno;
    if (code != 0) give_up(temporary, {code, {}, {}});
    if (::renameat(handle_, temporary.c_str(), handle_, name.c_str()) != 0) {
        give_up(temporary, {errno, path_of(temporary), path_of(name)});
    }
}

void Folder::give_up(const std::string& temporary, FileError error) const {
    ::unlinkat(handle_, temporary.c_str(), 0);
    check_interrupt();
    throw error;
}

#else

Folder::Folder(const std::string& path) : path_(path) { throw FileError{ENOSYS, path, {}}; }

Folder::~Folder() = default;

void Folder::put(const std::string& temporary, const std::string&, const std::uint8_t*,
                 std::size_t) const {
    give_up(temporary, {ENOSYS, {}, {}});
}

void Folder::give_up(const std::string&, FileError error) const { throw error; }

#endif

}  // namespace hotcold
