// SPDX-License-Identifier: Apache-2.0
#include "bench/run/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "bench/run/command.h"
#include "bench/run/process_tree.h"

namespace larder::bench {
namespace {

constexpr std::chrono::milliseconds kPause{1};
constexpr int kPausesToEnd = 10'000;

void redirect(const std::filesystem::path& file, int descriptor) {
  const char* const path = file.empty() ? "/dev/null" : file.c_str();
  const int opened = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (opened >= 0) ::dup2(opened, descriptor);
}

/// Between fork and exec.
[[noreturn]] void become(const std::vector<std::string>& words, const Child::Setting& setting,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  if (setting.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(setting.cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
  }
  std::signal(SIGPIPE, SIG_DFL);
  redirect(setting.out_file, STDOUT_FILENO);
  redirect(setting.err_file, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::dprintf(STDERR_FILENO, "cannot run %s: %s\n", arguments[0], std::strerror(errno));
  ::_exit(127);
}

bool has_ended(pid_t pid) {
  return ::waitpid(pid, nullptr, WNOHANG) != 0;
}

}  // namespace

TempDir::TempDir(const std::string& parent) {
  const char* const from_environment = std::getenv("TMPDIR");
  const std::string base =
      !parent.empty() ? parent : (from_environment != nullptr ? from_environment : "/tmp");
  std::string pattern = base + "/larder-bench.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw BenchError("cannot make a directory in " + base + ": " + std::strerror(errno));
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child(const std::vector<std::string>& words, const Setting& setting)
    : pid_(-1),
      name_(std::filesystem::path(words.front()).filename()),
      err_file_(setting.err_file) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw BenchError(std::string("cannot start a process: ") + std::strerror(errno));
  if (pid_ == 0) become(words, setting, parent);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      name_(std::move(other.name_)),
      err_file_(std::move(other.err_file_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < kPausesToEnd; ++i) {
    if (has_ended(pid_)) return;
    std::this_thread::sleep_for(kPause);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::stop(int signal) {
  if (pid_ < 0) return;
  std::vector<pid_t> ended{pid_};
  // A killed parent takes no child with it.
  if (signal == SIGKILL) ended = processes_of(pid_);
  for (const pid_t process : ended) ::kill(process, signal);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

void Child::wait_until(const std::function<bool()>& ready, std::chrono::seconds patience) const {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!ready()) {
    check_interrupted();
    siginfo_t end{};
    const bool ended =
        ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        end.si_pid == pid_;
    if (ended) throw BenchError(name_ + " has ended: " + last_words());
    if (std::chrono::steady_clock::now() > give_up) {
      throw BenchError(name_ + " is not ready: " + last_words());
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::string Child::last_words() const {
  constexpr std::size_t most = 2'000;
  const std::string text = err_file_.empty() ? "" : read_file(err_file_);
  if (text.empty()) return "it said nothing";
  return text.size() <= most ? text : text.substr(text.size() - most);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) ::close(file);
  if (!written) throw BenchError("cannot write " + path.string());
}

std::string program_beside(const char* name) {
  std::error_code problem;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", problem);
  return (own.parent_path() / name).string();
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : "";
  const char* const path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") +
                             ":/usr/local/sbin:/usr/sbin:/sbin");
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

void require_program(const std::string& name) {
  if (find_program(name).empty()) {
    throw BenchError("there is no program " + name + ": build it, or give its place as an option");
  }
}

}  // namespace larder::bench
