// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache/request/canonical.h"
#include "cache/scope/key.h"
#include "cache/store/store.h"
#include "conf/base/check.h"
#include "conf/base/clock.h"

/// What the store's tests share: a directory, objects made of numbers, and calls that wait.
namespace larder::test {

/// Part of the rounds of a long test that a slow build runs.
#if defined(__SANITIZE_THREAD__)
inline constexpr unsigned kSlowness = 8;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr unsigned kSlowness = 2;
#else
inline constexpr unsigned kSlowness = 1;
#endif

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // In memory where that can be had: a sync costs nothing there.
    const std::filesystem::path memory = "/dev/shm";
    std::error_code ignored;
    const auto space = std::filesystem::space(memory, ignored);
    const bool fits = !ignored && space.available > (1u << 30);
    const auto parent = fits ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "larder-test-XXXXXX").string();
    LARDER_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline InstallSecret secret_of(std::uint8_t number) {
  InstallSecret secret;
  secret.bytes.fill(number);
  return secret;
}

inline const KeyHasher& hasher() {
  static const KeyHasher one(secret_of(7));
  return one;
}

/// A stream of numbers for each seed, cheaper to begin than the standard's.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

inline ScopeMac mac_of(unsigned scope) {
  ScopeMac mac;
  Numbers numbers(scope + 1);
  for (std::uint8_t& byte : mac.bytes) byte = static_cast<std::uint8_t>(numbers());
  return mac;
}

/// Scope n: stack n / 4, environment n / 2 % 2, branch n % 2.
inline ScopeLabel label_of(unsigned scope) {
  return {mac_of(scope), "https://cdn.example", "stack" + std::to_string(scope / 4),
          scope / 2 % 2 == 0 ? "production" : "staging", scope % 2 == 0 ? "main" : "next"};
}

/// Bytes that only this seed gives.
inline std::string body_of(std::uint64_t seed, std::size_t length) {
  std::string body((length + 7) / 8 * 8, '\0');
  Numbers numbers(seed);
  for (std::size_t at = 0; at < length; at += 8) {
    const std::uint64_t word = numbers();
    std::memcpy(body.data() + at, &word, sizeof word);
  }
  body.resize(length);
  return body;
}

struct ObjectPlan {
  unsigned scope = 0;
  std::string path = "/v3/entries/1";
  std::string query;
  std::string variants;
  Representation representation = Representation::identity;
  std::uint64_t seed = 1;
  std::size_t length = 100;
  std::int64_t valid_ms = 3'600'000;
};

inline std::string canonical_of(const ObjectPlan& plan, std::size_t* url_length = nullptr) {
  CanonicalRequest request;
  request.path = plan.path;
  request.query = plan.query;
  request.variants = plan.variants;
  request.representation = plan.representation;
  std::string canonical;
  const std::size_t length = write_canonical_bytes(request, canonical);
  if (url_length != nullptr) *url_length = length;
  return canonical;
}

inline CacheKey key_of(const ObjectPlan& plan) {
  std::size_t url_length = 0;
  const std::string canonical = canonical_of(plan, &url_length);
  return hasher().key(mac_of(plan.scope), canonical, url_length);
}

inline NewObject make_object(const ObjectPlan& plan) {
  NewObject object;
  object.canonical = canonical_of(plan);
  object.key = key_of(plan);
  object.meta.scope = mac_of(plan.scope);
  object.meta.representation = plan.representation;
  object.meta.lifetime.stored = wall_now();
  object.meta.lifetime.fresh_until = {wall_now().ms + 1'000};
  object.meta.lifetime.revalidate_until = {wall_now().ms + 2'000};
  object.meta.lifetime.error_until = {wall_now().ms + plan.valid_ms};
  object.meta.etag.bytes.fill(static_cast<std::uint8_t>(plan.seed));
  object.meta.body_length = plan.length;
  object.entity_fields = "Content-Type: application/json\r\n";
  object.shared_fields = "X-Seed: " + std::to_string(plan.seed) + "\r\n";
  // In two pieces, cut where no row boundary is.
  const std::string body = body_of(plan.seed, plan.length);
  const std::size_t cut = body.size() / 3;
  object.body.push_back(std::make_shared<const std::string>(body.substr(0, cut)));
  object.body.push_back(std::make_shared<const std::string>(body.substr(cut)));
  return object;
}

/// Hands over results from the writer thread.
template <class T>
class Outcome {
 public:
  void set(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    ready_.notify_all();
  }
  T wait() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return value_.has_value(); });
    return *value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<T> value_;
};

/// Counts callbacks down.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}
  void one_less() {
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) ready_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::size_t left_;
};

/// Hands a whole object over.
inline bool put(Store& store, NewObject object, ScopeLabel scope, StoreWrite::Done done) {
  auto write = store.begin(object.meta.body_length);
  if (!write) return false;
  for (Chunk& piece : object.body) {
    if (!write->append(std::move(piece))) return false;
  }
  return std::move(*write).commit(std::move(object), std::move(scope), std::move(done));
}

inline bool put_and_wait(Store& store, const ObjectPlan& plan) {
  Outcome<bool> outcome;
  const bool taken = put(store, make_object(plan), label_of(plan.scope),
                         [&](bool committed) { outcome.set(committed); });
  return taken && outcome.wait();
}

inline PurgeResult purge_and_wait(Store& store, PurgeOrder order) {
  Outcome<PurgeResult> outcome;
  store.purge(std::move(order), [&](PurgeResult result) { outcome.set(std::move(result)); });
  return outcome.wait();
}

/// Runs after everything that was handed over before it.
inline void drain(Store& store) {
  PurgeOrder nothing;
  nothing.what = PurgeOrder::What::scope;
  nothing.api_key = "no such stack";
  LARDER_CHECK(!purge_and_wait(store, nothing).error);
}

enum class Seen { absent, whole, wrong, cut_off };

/// Looks the plan up in the reader's turn and compares all bytes.
inline Seen see(StoreReader& reader, const ObjectPlan& plan) {
  const CacheKey key = key_of(plan);
  const auto view = reader.lookup(key, canonical_of(plan), mac_of(plan.scope), WallTime{});
  if (!view) return Seen::absent;
  const std::string expected = body_of(plan.seed, plan.length);
  std::string body(view->body);
  for (std::uint32_t i = 0; i < view->chunk_count; ++i) {
    const auto chunk = reader.chunk(key, view->sequence, i);
    if (!chunk) return Seen::cut_off;
    body.append(*chunk);
  }
  const bool fields = view->entity_fields == "Content-Type: application/json\r\n" &&
                      view->shared_fields == "X-Seed: " + std::to_string(plan.seed) + "\r\n" &&
                      view->meta.body_length == plan.length;
  return fields && body == expected ? Seen::whole : Seen::wrong;
}

inline Seen see(Store& store, const ObjectPlan& plan) {
  StoreReader reader = store.reader();
  return see(reader, plan);
}

/// Runs `body` in a child process: its wait status. The child's result is its exit status.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  LARDER_CHECK(child >= 0);
  if (child == 0) {
    ::alarm(60);
    ::_exit(body());
  }
  int status = 0;
  LARDER_CHECK(::waitpid(child, &status, 0) == child);
  return status;
}

inline bool ended_with(int status, int code) {
  return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

inline CacheConfig config_at(const std::string& path, Bytes size = 64u << 20) {
  CacheConfig config;
  config.path = path;
  config.size = size;
  config.commit_interval_ms = 1;
  return config;
}

}  // namespace larder::test
