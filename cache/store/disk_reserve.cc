// SPDX-License-Identifier: Apache-2.0
#include "cache/store/disk_reserve.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::uint64_t kReserveBytes = 4u << 20;

}  // namespace

std::uint64_t DiskReserve::bound_pages(const Environment& environment) const {
  return std::min(environment.map_pages(), map_bytes_ / environment.page_bytes());
}

std::uint64_t DiskReserve::usable_pages(const Environment& environment) const {
  const std::uint64_t bound = bound_pages(environment);
  return full_at_ == 0 ? bound : std::min(bound, full_at_);
}

std::optional<std::string> DiskReserve::extend(Environment& environment, Clock::time_point now) {
  const std::uint64_t end = environment.file_pages();
  const std::uint64_t page_bytes = environment.page_bytes();
  const std::uint64_t reserve = std::min(kReserveBytes, map_bytes_ / 16) / page_bytes;
  if (full() ? !again_.due(now) : end + reserve / 2 <= reserved_to_) return std::nullopt;
  const std::uint64_t wanted = std::min(end + reserve, std::max(end, map_bytes_ / page_bytes));
  const Result<void> done = environment.allocate(reserved_to_, wanted);
  if (!done) {
    note_full(environment, now);
    return done.error().context;
  }
  reserved_to_ = std::max(reserved_to_, wanted);
  full_at_ = 0;
  again_.succeeded();
  return std::nullopt;
}

void DiskReserve::note_full(const Environment& environment, Clock::time_point now) {
  full_at_ = environment.file_pages();
  again_.failed(now);
}

void DiskReserve::start(const Environment& environment) {
  forget();
  reserved_to_ = environment.file_pages();
}

void DiskReserve::forget() {
  full_at_ = reserved_to_ = 0;
  again_.succeeded();
}

}  // namespace larder
