// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_run.h"

#include <chrono>
#include <numeric>
#include <thread>

#include "bench/load/client_loop.h"
#include "bench/load/varied_header.h"
#include "bench/run/command.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

/// The requests of a plan in their order, and what came back.
class PlannedRequests final : public RequestSource {
 public:
  PlannedRequests(const LoadPlan& plan, bool once)
      : plan_(plan), once_(once), varied_(plan.vary_header) {}

  Next next(Request& request) override {
    if (at_ == plan_.order.size()) {
      if (once_) return Next::end;
      at_ = 0;
    }
    request.number = plan_.order[at_++];
    request.bytes = plan_.requests[request.number];
    varied_.add_to(request.bytes);
    return Next::request;
  }

  void on_answer(const Answered& answer) override {
    const ResponseReader& reader = answer.reader;
    const bool right_length = plan_.body_bytes == 0 || reader.body_bytes() == plan_.body_bytes;
    if (!answer.complete || reader.status() != 200 || !right_length) ++result_.wrong;
    ++result_.requests;
    ++result_.statuses[reader.status()];
    result_.body_bytes += reader.body_bytes();
    if (answer.number < plan_.timed_keys) result_.latency_ns.add(answer.latency_ns);
  }

  LoadResult& result() { return result_; }

 private:
  const LoadPlan& plan_;
  bool once_;
  VariedHeader varied_;
  std::size_t at_ = 0;
  LoadResult result_;
};

constexpr std::uint64_t kForever = ~std::uint64_t{0};

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);
}

double per_request_us(std::uint64_t ns, std::uint64_t requests) {
  return requests == 0 ? 0 : static_cast<double>(ns) / 1e3 / static_cast<double>(requests);
}

ClientLoop::Setting setting_of(const LoadPlan& plan) {
  return {plan.endpoint, plan.connections, plan.rate, plan.spin};
}

}  // namespace

double LoadResult::per_second() const {
  return seconds > 0 ? static_cast<double>(requests) / seconds : 0;
}
double LoadResult::cpu_us() const {
  return per_request_us(cpu.total_ns, requests);
}
double LoadResult::user_us() const {
  return per_request_us(cpu.user_ns, requests);
}
double LoadResult::system_us() const {
  return per_request_us(cpu.system_ns, requests);
}

LoadResult run_load(const LoadPlan& plan) {
  const bool once = plan.seconds <= 0;
  PlannedRequests requests(plan, once);
  ClientLoop loop(setting_of(plan), requests);
  if (!once) loop.run(steady_ns() + nanoseconds(plan.warm_up_s));
  requests.result() = LoadResult{};
  loop.forget_reconnects();
  const CpuUse before = plan.server > 0 ? cpu_use(plan.server) : CpuUse{};
  const std::uint64_t start = steady_ns();
  loop.run(once ? kForever : start + nanoseconds(plan.seconds));
  LoadResult result = requests.result();
  result.seconds = static_cast<double>(steady_ns() - start) / 1e9;
  result.reconnects = loop.reconnects();
  std::this_thread::sleep_for(std::chrono::duration<double>(plan.settle_s));
  if (plan.server > 0) result.cpu = cpu_use(plan.server) - before;
  return result;
}

void warm(const LoadPlan& plan) {
  LoadPlan once = plan;
  once.connections = 8;
  once.rate = once.seconds = 0;
  once.server = 0;
  once.order.resize(plan.requests.size());
  std::iota(once.order.begin(), once.order.end(), 0u);
  check_right(run_load(once), once, plan.endpoint.authority + ", while it was warmed up,");
}

void check_right(const LoadResult& result, const LoadPlan& plan, const std::string& server) {
  if (result.wrong == 0) return;
  std::string seen;
  for (const auto& [status, count] : result.statuses) {
    seen += " " + std::to_string(status) + " (" + std::to_string(count) + " times)";
  }
  throw BenchError(server + " gave " + std::to_string(result.wrong) + " wrong answers: status" +
                   seen + ", or bodies that have not " + std::to_string(plan.body_bytes) +
                   " bytes");
}

}  // namespace larder::bench
