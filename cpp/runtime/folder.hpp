// Files that appear in a folder whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hotcold {

// A system call that failed: its errno, and the one or two paths it was about, empty if none.
struct FileError {
    int code = 0;
    std::string path;
    std::string target;
};

// A folder that is held open, so that the way to it is walked once and not twice a file. POSIX
// only; elsewhere the constructor throws ENOSYS. Everything throws FileError.
class Folder {
  public:
    explicit Folder(const std::string& path);
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    // Writes a new file `temporary`, with the permissions of any new file, and renames it to `name`
    // in place of what has that name. Whoever reads sees the old file or the new one; after a
    // failure `temporary` is gone and `name` is as it was. Nothing is forced to the disk.
    void put(const std::string& temporary, const std::string& name, const std::uint8_t* data,
             std::size_t size) const;

  private:
    [[noreturn]] void give_up(const std::string& temporary, FileError error) const;
    std::string path_of(const std::string& name) const { return path_ + '/' + name; }

    std::string path_;
    int handle_ = -1;
};

}  // namespace hotcold
