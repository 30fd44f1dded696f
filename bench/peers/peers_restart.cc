// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <optional>
#include <thread>

#include "bench/load/load_plan.h"
#include "bench/peers/peers.h"
#include "bench/run/sandbox_control.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

const std::vector<Column> kColumns{{"ready_ms", "ready ms", 0},
                                   {"first_hit_ms", "first hit ms", 0, true},
                                   {"kept", "share kept", 4}};

constexpr std::uint64_t kBytes = 10'240;
/// What was stored longer ago than this must survive.
constexpr std::chrono::milliseconds kAge{1'500};

double ms_since(std::uint64_t start_ns) {
  return static_cast<double>(steady_ns() - start_ns) / 1e6;
}

class Restart {
 public:
  Restart(const Arena& arena, const Rival& rival)
      : keys_(arena.options.kept_objects),
        rival_(rival),
        control_(loopback(arena.origin.control_port)),
        ring_(arena.folder.string()),
        stage_(arena.stage_for(keys_ * kBytes, ring_)) {}

  Json run(int signal) {
    {
      Contestant before = rival_.start(stage_);
      run_checked(before, once_each(before, kBytes, keys_, "kept"));
      std::this_thread::sleep_for(kAge);
      before.child.stop(signal);
    }
    const std::uint64_t start = steady_ns();
    const Contestant after = rival_.start(stage_);
    Json round = {{"ready_ms", ms_since(start)}};
    const std::uint64_t origin = control_.delivery_requests();
    run_checked(after, once_each(after, kBytes, 1, "kept"));
    const double first = ms_since(start);
    if (control_.delivery_requests() == origin) round["first_hit_ms"] = first;
    run_checked(after, once_each(after, kBytes, keys_, "kept"));
    const std::uint64_t lost = control_.delivery_requests() - origin;
    round["kept"] = 1 - static_cast<double>(std::min<std::uint64_t>(lost, keys_)) / keys_;
    return round;
  }

 private:
  unsigned keys_;
  const Rival& rival_;
  SandboxControl control_;
  TempDir ring_;
  Stage stage_;
};

}  // namespace

Json compare_restarts(const Arena& arena) {
  Json rows = Json::array();
  for (const int signal : {SIGKILL, SIGTERM}) {
    const char* const name = signal == SIGKILL ? "KILL" : "TERM";
    Board board;
    take_turns(arena.options.rounds, arena.caches.size(), [&](std::size_t turn) {
      const Rival& rival = arena.caches[turn];
      board.add(rival.name, Restart(arena, rival).run(signal));
    });
    rows.push_back(finish_row(
        arena,
        std::string("restart after ") + name + ", " + std::to_string(arena.options.kept_objects) +
            " objects of 10 KB; ms from starting the program",
        kColumns, board, {{"signal", name}, {"objects", arena.options.kept_objects}}));
  }
  return rows;
}

}  // namespace larder::bench
