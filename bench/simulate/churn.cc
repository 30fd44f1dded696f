// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>

#include "bench/run/amounts.h"
#include "bench/run/command.h"
#include "bench/run/json.h"
#include "bench/run/process.h"
#include "bench/run/progress.h"
#include "cache/store/store.h"

// Pushes many times its size through a store of its own: does the file stay within its bound, how
// much of it is in use, how long does a store take?

namespace larder::bench {
namespace {

struct Options {
  std::uint64_t size = 256u << 20;
  double times = 100;
  std::uint64_t shortest = 512;
  std::uint64_t longest = 0;
  std::string eviction = "gdsf";
  std::string folder;
  bool json = false;
};

/// Lets a bounded number of bytes be on their way into the store.
class Room {
 public:
  void take(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_ == 0 || taken_ + bytes <= kMost; });
    taken_ += bytes;
  }
  void give_back(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    taken_ -= bytes;
    changed_.notify_one();
  }
  void wait_until_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_ == 0; });
  }

 private:
  static constexpr std::uint64_t kMost = 16u << 20;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t taken_ = 0;
};

/// What is seen of the store while it is pushed through.
struct Watch {
  double least_live = 1;
  std::uint64_t largest_file = 0;
  bool was_full = false;

  void look(const StoreStats& stats) {
    largest_file = std::max(largest_file, stats.file_bytes);
    was_full = was_full || stats.evicted > 0;
    if (!was_full) return;
    const auto live = static_cast<double>(stats.live_pages * stats.page_bytes);
    least_live = std::min(least_live, live / static_cast<double>(stats.map_bytes));
  }
};

class Source {
 public:
  Source(std::uint64_t shortest, std::uint64_t longest)
      : from_(std::log(static_cast<double>(shortest))),
        to_(std::log(static_cast<double>(longest))),
        hasher_(InstallSecret{}) {
    scope_.bytes.fill(1);
  }

  /// An object of a new key; lengths are uniform in their logarithm.
  NewObject next() {
    const double exponent = std::uniform_real_distribution<double>(from_, to_)(random_);
    const auto length = static_cast<std::size_t>(std::exp(exponent));
    NewObject object;
    object.canonical = "/v3/content_types/churn/entries/" + std::to_string(number_++);
    object.key = hasher_.key(scope_, object.canonical, object.canonical.size());
    object.entity_fields = "Content-Type: application/json\r\nContent-Length: 1000000\r\n";
    object.shared_fields = std::string(200, 'x');
    object.meta.scope = scope_;
    object.meta.body_length = length;
    object.meta.lifetime.error_until = {std::int64_t{4'000'000'000} * 1'000};
    object.body.push_back(std::make_shared<const std::string>(length, 'y'));
    return object;
  }
  ScopeLabel label() const { return {scope_, "https://cdn.example", "churn", "bench", "main"}; }
  const KeyHasher& hasher() const { return hasher_; }

 private:
  double from_, to_;
  KeyHasher hasher_;
  ScopeMac scope_;
  std::mt19937_64 random_{1};
  std::uint64_t number_ = 0;
};

/// An upper bound of the value that `percent` of all do not exceed.
std::uint64_t percentile_us(const TimeCounts& counts, double percent) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  std::uint64_t seen = 0;
  for (std::size_t place = 0; place < counts.size(); ++place) {
    seen += counts[place];
    if (static_cast<double>(seen) >= static_cast<double>(all) * percent / 100) return 1ull << place;
  }
  return 0;
}

Json report(const Store& store, const Watch& watch, std::uint64_t pushed) {
  const StoreStats stats = store.stats();
  return {{"pushed_bytes", pushed},
          {"stored", stats.stores},
          {"not_admitted", stats.not_admitted},
          {"evicted", stats.evicted},
          {"objects", stats.objects},
          {"map_full", stats.map_full},
          {"dropped_map_full", stats.dropped_map_full},
          {"failed_commits", stats.failed_commits},
          {"least_live_share", watch.least_live},
          {"largest_file_bytes", watch.largest_file},
          {"map_bytes", stats.map_bytes},
          {"store_p50_us_at_most", percentile_us(stats.store_times, 50)},
          {"store_p99_us_at_most", percentile_us(stats.store_times, 99)},
          {"store_p999_us_at_most", percentile_us(stats.store_times, 99.9)},
          {"commit_p50_us_at_most", percentile_us(stats.commit_times, 50)},
          {"commit_p99_us_at_most", percentile_us(stats.commit_times, 99)}};
}

std::uint64_t push(Store& store, Source& source, const Options& options, Watch& watch) {
  const auto goal = static_cast<std::uint64_t>(static_cast<double>(options.size) * options.times);
  Room room;
  std::uint64_t pushed = 0;
  std::uint64_t count = 0;
  while (pushed < goal) {
    NewObject object = source.next();
    const std::uint64_t length = object.meta.body_length + 2'048;
    room.take(length);
    auto write = store.begin(object.meta.body_length);
    bool taken = write.has_value();
    for (const Chunk& piece : object.body) taken = taken && write->append(piece);
    if (!taken || !std::move(*write).commit(std::move(object), source.label(),
                                            [&room, length](bool) { room.give_back(length); })) {
      throw BenchError("the store refused an object of " + bytes_text(length));
    }
    pushed += length - 2'048;
    if (++count % 64 == 0) {
      check_interrupted();
      watch.look(store.stats());
    }
  }
  room.wait_until_empty();
  watch.look(store.stats());
  return pushed;
}

int run(const Options& options) {
  const TempDir folder(options.folder);
  CacheConfig config;
  config.path = folder.path() / "cache";
  config.size = options.size;
  config.eviction =
      options.eviction == "fifo" ? CacheConfig::Eviction::fifo : CacheConfig::Eviction::gdsf;
  Source probe(2, 3);
  Store store(config, 16, probe.hasher(), make_eviction(config.eviction));
  const std::uint64_t cap = store.max_object_bytes();
  const std::uint64_t longest = options.longest == 0 ? cap : std::min(options.longest, cap);
  if (options.shortest >= longest) {
    throw UsageError("--shortest must be below " + bytes_text(longest) +
                     ", the longest object of this store");
  }
  Source source(options.shortest, longest);
  Watch watch;
  watch_interrupts();
  const std::uint64_t pushed = push(store, source, options, watch);
  const Json result = report(store, watch, pushed);
  if (options.json) {
    std::cout << result.dump(2) << '\n';
  } else {
    for (const auto& [name, value] : result.items()) {
      std::printf("%-24s %s\n", name.c_str(), value.dump().c_str());
    }
  }
  const bool good = result["map_full"] == 0 && result["dropped_map_full"] == 0 &&
                    result["failed_commits"] == 0 &&
                    result["largest_file_bytes"] <= result["map_bytes"];
  return good ? kExitOk : kExitFailed;
}

}  // namespace

Action add_churn(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--size", options->size, "cache.size of the store")
      ->transform(as_bytes(1u << 20, std::uint64_t{1} << 40));
  app.add_option("--times", options->times, "Bytes of bodies pushed through, in sizes of the store")
      ->check(CLI::Range(0.01, 100'000.0))
      ->capture_default_str();
  app.add_option("--shortest", options->shortest, "Shortest body")
      ->transform(as_bytes(1, std::uint64_t{1} << 30));
  app.add_option("--longest", options->longest, "Longest body; 0 = the longest the store takes")
      ->transform(as_bytes(0, std::uint64_t{1} << 30));
  app.add_option("--eviction", options->eviction,
                 "gdsf admits what earns its place; fifo stores everything")
      ->check(CLI::IsMember({"gdsf", "fifo"}))
      ->capture_default_str();
  app.add_option("--folder", options->folder, "Where the store goes; default: $TMPDIR or /tmp");
  app.add_flag("--json", options->json, "Print JSON");
  app.footer("Every object has a key of its own. Exit code 1 when the map was ever full.");
  return [options] { return run(*options); };
}

}  // namespace larder::bench
