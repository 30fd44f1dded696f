// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "bench/load/client_loop.h"
#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/memory_use.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"start_mib", "at start MiB", 1, true},
                                   {"object_bytes", "B/object", 0, true},
                                   {"connection_bytes", "B/idle connec.", 0, true}};

constexpr std::uint64_t kBytes = 1'024;
/// Before the first figure, so that buffers that come with the first requests are in it.
constexpr unsigned kWarmUp = 1'000;
constexpr std::chrono::milliseconds kSettle{500};

double settled_memory(const Contestant& server) {
  std::this_thread::sleep_for(kSettle);
  return static_cast<double>(memory_use(server.child.pid()));
}

/// One request on each connection.
class OneEach final : public RequestSource {
 public:
  explicit OneEach(const LoadPlan& plan, unsigned connections) : plan_(plan), left_(connections) {}
  Next next(Request& request) override {
    if (left_ == 0) return Next::end;
    request.bytes = plan_.requests[--left_ % plan_.requests.size()];
    return Next::request;
  }
  void on_answer(const Answered&) override {}

 private:
  const LoadPlan& plan_;
  unsigned left_;
};

Json measure(const PeersOptions& options, const Contestant& server) {
  const LoadPlan first = once_each(server, kBytes, kWarmUp, "first");
  run_checked(server, first);
  const double start = settled_memory(server);
  run_checked(server, once_each(server, kBytes, options.memory_objects, "more"));
  const double filled = settled_memory(server);
  OneEach asked(first, options.idle_connections);
  ClientLoop idle({server.endpoint, options.idle_connections, 0, false}, asked);
  idle.run(~std::uint64_t{0});
  const double connected = settled_memory(server);
  return {{"start_mib", start / (1 << 20)},
          {"object_bytes", (filled - start) / options.memory_objects},
          {"connection_bytes", (connected - filled) / options.idle_connections}};
}

}  // namespace

Json compare_memory(const Arena& arena) {
  const PeersOptions& options = arena.options;
  Board board;
  for (const Rival& rival : arena.caches) {
    const TempDir ring(arena.folder.string());
    board.add(
        rival.name,
        measure(options, rival.start(arena.stage_for(kBytes * options.memory_objects, ring))));
  }
  return Json::array({finish_row(
      arena,
      "memory beyond page cache, " + std::to_string(options.memory_objects) + " objects of 1 KB, " +
          std::to_string(options.idle_connections) + " idle connections",
      kColumns, board,
      {{"objects", options.memory_objects}, {"idle_connections", options.idle_connections}})});
}

}  // namespace larder::bench
