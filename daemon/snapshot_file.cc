// SPDX-License-Identifier: Apache-2.0
#include "daemon/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/sync_directory.h"
#include "daemon/command_line.h"
#include "upstream/control_client.h"

namespace larder {
namespace {

constexpr std::array<int, 4> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
/// Longer than the daemon waits for whoever takes its bytes.
constexpr long kSilenceS = 60;

/// The unfinished file, for the handler, which may not allocate; empty = there is none.
std::array<char, 4'096> unfinished{};

void on_end_signal(int number) {
  if (unfinished[0] != '\0') ::unlink(unfinished.data());
  ::signal(number, SIG_DFL);
  ::raise(number);
}

/// While it lives none of kSignals is handled: a name of a file that is there is known by then.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t held;
    sigemptyset(&held);
    for (const int number : kSignals) sigaddset(&held, number);
    ::sigprocmask(SIG_BLOCK, &held, &before_);
  }
  ~SignalsHeldBack() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

/// What whoever has started this process ignores (nohup) stays so. "" = there is none any more.
void note_unfinished(const std::string& path) {
  const SignalsHeldBack held;
  std::snprintf(unfinished.data(), unfinished.size(), "%s", path.c_str());
  for (const int number : kSignals) {
    struct sigaction now {};
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) continue;
    ::signal(number, path.empty() ? SIG_DFL : on_end_signal);
  }
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

SnapshotFile::SnapshotFile(const std::string& path) : path_(path), scanner_({}) {}

SnapshotFile::~SnapshotFile() {
  if (!file_) return;
  ::unlink(part_.c_str());
  note_unfinished("");
}

Result<void> SnapshotFile::refused(const std::string& what) const {
  return fail(Error::Code::io, what + ": " + std::strerror(errno));
}

/// What is there would be replaced.
Result<void> SnapshotFile::check_path() const {
  if (path_.empty()) return fail(Error::Code::invalid, "no file is named");
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<void>() : refused("cannot look at " + path_);
  }
  if (S_ISREG(status.st_mode)) return {};
  const char* what = S_ISDIR(status.st_mode)   ? " is a directory: name a file in it"
                     : S_ISLNK(status.st_mode) ? " is a symbolic link: name the file itself"
                                               : " is there, and no regular file: name another one";
  return fail(Error::Code::invalid, path_ + what);
}

Result<void> SnapshotFile::begin() {
  if (Result<void> right = check_path(); !right) return right;
  std::string name = path_ + ".part-XXXXXX";
  const SignalsHeldBack held;
  file_ = Fd(::mkostemp(name.data(), O_CLOEXEC));  // 0600
  if (!file_) return refused("cannot create a file in " + directory_of(path_));
  part_ = std::move(name);
  note_unfinished(part_);
  return {};
}

Result<void> SnapshotFile::add(std::string_view bytes) {
  if (Result<void> read = scanner_.feed(bytes); !read) return read;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused("cannot write " + part_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<SnapshotTotals> SnapshotFile::finish() {
  Result<SnapshotTotals> totals = scanner_.finish();
  if (!totals) return totals;
  Result<void> done = check_path();
  if (done && ::fsync(file_.get()) != 0) done = refused("cannot sync " + part_);
  if (done && ::rename(part_.c_str(), path_.c_str()) != 0) done = refused("cannot rename " + part_);
  if (!done) return tl::unexpected<Error>(done.error());
  note_unfinished("");
  file_.reset();
  static_cast<void>(sync_directory(directory_of(path_)));  // not every file system can
  return totals;
}

int take_snapshot(const std::string& socket, const std::string& path, long limit_s, bool json) {
  const auto complain = [&](const std::string& why) {
    std::cerr << "larderctl: no snapshot was taken: " << why << '\n';
    return kExitFailure;
  };
  SnapshotFile file(path);
  if (const Result<void> begun = file.begin(); !begun) return complain(begun.error().context);
  const auto answer =
      stream_from_daemon(socket, "POST", "/snapshot?limit_s=" + std::to_string(limit_s), kSilenceS,
                         [&](std::string_view bytes) { return file.add(bytes); });
  if (!answer) return complain(answer.error().context);
  if (answer->status != 200) {
    std::cerr << answer->body;
    return answer->status == 400 ? kExitUsage : kExitFailure;
  }
  const Result<SnapshotTotals> totals = file.finish();
  if (!totals) return complain(totals.error().context);
  const std::string objects = std::to_string(totals->objects);
  const std::string bytes = std::to_string(totals->bytes);
  if (json) {
    std::cout << "{\"file\":" << json_quote(path) << ",\"objects\":" << objects
              << ",\"bytes\":" << bytes << "}\n";
  } else {
    std::cout << path << ": " << objects << " objects, " << bytes
              << " bytes. Keep it as you keep the cache directory: it holds all that is cached\n";
  }
  return 0;
}

}  // namespace larder
