// SPDX-License-Identifier: Apache-2.0
#include "daemon/snapshot_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "conf/base/json_text.h"
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

void note_unfinished(const std::string& path) {
  for (const int number : kSignals) ::signal(number, SIG_IGN);
  std::snprintf(unfinished.data(), unfinished.size(), "%s", path.c_str());
  for (const int number : kSignals) ::signal(number, path.empty() ? SIG_DFL : on_end_signal);
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

SnapshotFile::SnapshotFile(const std::string& path)
    : path_(path), part_(path + ".part"), scanner_({}) {}

SnapshotFile::~SnapshotFile() {
  if (!file_) return;
  ::unlink(part_.c_str());
  note_unfinished("");
}

Result<void> SnapshotFile::refused(const char* what) const {
  return fail(Error::Code::io, std::string(what) + " " + part_ + ": " + std::strerror(errno));
}

Result<void> SnapshotFile::open() {
  ::unlink(part_.c_str());  // of one that was killed
  note_unfinished(part_);   // a signal may come at once
  file_ = Fd(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file_) return {};
  Result<void> failed = refused("cannot create");
  note_unfinished("");
  return failed;
}

Result<void> SnapshotFile::add(std::string_view bytes) {
  if (!file_) {
    if (Result<void> opened = open(); !opened) return opened;
  }
  if (Result<void> read = scanner_.feed(bytes); !read) return read;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<SnapshotTotals> SnapshotFile::finish() {
  Result<SnapshotTotals> totals = scanner_.finish();
  if (!totals) return totals;
  Result<void> done;
  if (::fsync(file_.get()) != 0) done = refused("cannot sync");
  if (done && ::rename(part_.c_str(), path_.c_str()) != 0) done = refused("cannot rename");
  if (!done) return tl::unexpected<Error>(done.error());
  note_unfinished("");
  file_.reset();
  const Fd directory(::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) [[maybe_unused]]
    const int synced = ::fsync(directory.get());
  return totals;
}

int take_snapshot(const std::string& socket, const std::string& path, long limit_s, bool json) {
  const auto complain = [&](const std::string& why) {
    std::cerr << "larderctl: no snapshot was taken: " << why << '\n';
    return kExitFailure;
  };
  SnapshotFile file(path);
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
