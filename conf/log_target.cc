// SPDX-License-Identifier: Apache-2.0
#include "conf/log_target.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 8;

LogTarget::Kind stream_of(const std::string& name) {
  if (name == "stdout" || name == "/dev/stdout" || name == "/dev/fd/1" ||
      name == "/proc/self/fd/1") {
    return LogTarget::Kind::out;
  }
  if (name == "stderr" || name == "/dev/stderr" || name == "/dev/fd/2" ||
      name == "/proc/self/fd/2") {
    return LogTarget::Kind::err;
  }
  return LogTarget::Kind::none;
}

}  // namespace

Result<LogTarget> log_target(const std::string& text) {
  if (text.empty()) return LogTarget{};
  fs::path name = text;
  std::error_code error;
  for (int links = 0; links <= kMaxLinks; ++links) {
    const auto stream = stream_of(name);
    if (stream != LogTarget::Kind::none) return LogTarget{stream, {}};
    const fs::path next = fs::read_symlink(name, error);
    if (error) break;  // no link
    name = (name.parent_path() / next).lexically_normal();
  }
  struct stat status {};
  if (::lstat(text.c_str(), &status) == 0) {
    const std::string where = "log.access_log " + text;
    if (S_ISLNK(status.st_mode)) {
      return fail(Error::Code::invalid, where + " is a symbolic link to a file");
    }
    if (S_ISDIR(status.st_mode)) return fail(Error::Code::invalid, where + " is a directory");
    if (S_ISSOCK(status.st_mode)) return fail(Error::Code::invalid, where + " is a socket");
  }
  return LogTarget{LogTarget::Kind::file, text};
}

}  // namespace larder
