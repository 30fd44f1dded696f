// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace larder::bench {

/// A directory that goes with this object.
class TempDir {
 public:
  /// Below `parent`; empty = $TMPDIR or /tmp.
  explicit TempDir(const std::string& parent = {});
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A program that ends with this object, and with this process whatever ends that.
class Child {
 public:
  struct Setting {
    int cpu = -1;                    ///< that it is tied to; -1 = any
    std::filesystem::path out_file;  ///< stdout; empty = none
    std::filesystem::path err_file;
  };

  Child(const std::vector<std::string>& words, const Setting& setting);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  ///< SIGTERM, and SIGKILL when that does nothing

  pid_t pid() const { return pid_; }
  /// Ends it and all its children with the signal, and waits for that. Does nothing a second time.
  void stop(int signal);
  /// Until `ready()`; throws BenchError with the end of its stderr when it ends before or takes too
  /// long.
  void wait_until(const std::function<bool()>& ready,
                  std::chrono::seconds patience = std::chrono::seconds(20)) const;

 private:
  std::string last_words() const;
  pid_t pid_;
  std::string name_;
  std::filesystem::path err_file_;
};

/// The whole file, "" when it is not there.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

/// A program that is built beside this one.
std::string program_beside(const char* name);
/// By name in PATH and the sbin directories, or as the path that it is; "" when there is none.
std::string find_program(const std::string& name);
/// Throws BenchError when there is none.
void require_program(const std::string& name);

}  // namespace larder::bench
