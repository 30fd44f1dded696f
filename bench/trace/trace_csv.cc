// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace_csv.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "bench/run/command.h"

namespace larder::bench {
namespace {

bool parse_number(std::string_view text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && at == end;
}

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  void take(std::string_view line) {
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number_ == 1 && line.starts_with("time,"))) return;
    const std::size_t first = line.find(',');
    const std::size_t second = first == std::string_view::npos ? first : line.find(',', first + 1);
    if (second == std::string_view::npos) refuse("it has not three fields, time,key,size");
    TraceLine made;
    if (!parse_number(line.substr(0, first), made.time_s)) refuse("the time is no whole number");
    if (!parse_number(line.substr(second + 1), made.bytes)) refuse("the size is no whole number");
    if (second == first + 1) refuse("the key is empty");
    if (!trace_.lines.empty() && made.time_s < trace_.lines.back().time_s) {
      refuse("the time is before that of the line above: sort the trace by time");
    }
    made.key = key_of(line.substr(first + 1, second - first - 1));
    trace_.lines.push_back(made);
  }

  ReplayTrace result() {
    if (trace_.lines.empty()) throw BenchError(name_ + " holds no requests");
    return std::move(trace_);
  }

 private:
  [[noreturn]] void refuse(const char* what) const {
    throw BenchError(name_ + " line " + std::to_string(number_) + ": " + what);
  }

  std::uint32_t key_of(std::string_view key) {
    const auto [at, is_new] =
        places_.try_emplace(std::string(key), static_cast<std::uint32_t>(trace_.keys.size()));
    if (is_new) trace_.keys.push_back(at->first);
    return at->second;
  }

  const std::string& name_;
  std::uint64_t number_ = 0;
  std::unordered_map<std::string, std::uint32_t> places_;
  ReplayTrace trace_;
};

}  // namespace

ReplayTrace parse_replay_trace(std::string_view text, const std::string& name) {
  Reader reader(name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.result();
}

ReplayTrace read_replay_trace(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), ::gzclose);
  if (!file) throw BenchError("cannot read the trace " + path + ": " + std::strerror(errno));
  std::string text;
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const int got = ::gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (got < 0) {
      int code = 0;
      throw BenchError("cannot read the trace " + path + ": " + ::gzerror(file.get(), &code));
    }
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return parse_replay_trace(text, path);
}

}  // namespace larder::bench
