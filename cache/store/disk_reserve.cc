// SPDX-License-Identifier: Apache-2.0
#include "cache/store/disk_reserve.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::uint64_t kReserveBytes = 4u << 20;

}  // namespace

std::uint64_t DiskReserve::usable_pages(const Environment& environment) const {
  const std::uint64_t map = environment.map_pages();
  return full_at_ == 0 ? map : std::min(map, full_at_);
}

std::optional<std::string> DiskReserve::extend(Environment& environment) {
  const std::uint64_t end = environment.file_pages();
  const std::uint64_t reserve = std::min(kReserveBytes, map_bytes_ / 16) / environment.page_bytes();
  if (full_at_ != 0 || end + reserve / 2 <= reserved_to_) return std::nullopt;
  const Result<void> done = environment.allocate(reserved_to_, end + reserve);
  if (done) {
    reserved_to_ = end + reserve;
  } else if (done.error().code == Error::Code::full) {
    full_at_ = end;
    return done.error().context;
  }
  return std::nullopt;
}

}  // namespace larder
