// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/store_writes.h"

#include <utility>

#include "cache/tags/place.h"
#include "daemon/fetch/fill.h"

namespace larder {

class StoreWrites::Write final : public FillWrite {
 public:
  Write(StoreWrites& all, const Fill& fill, StoreWrite write)
      : all_(all), fill_(fill), write_(std::move(write)) {}

  bool append(const Chunk& piece) override { return write_.append(piece); }
  bool commit(ObjectHead object, WallTime now) override;

 private:
  StoreWrites& all_;
  const Fill& fill_;  ///< owns this
  StoreWrite write_;
};

bool StoreWrites::Write::commit(ObjectHead object, WallTime now) {
#ifdef LARDER_LATE_EPOCH  // a fault on purpose, in one build for tests
  object.epoch = all_.store_.epoch();
#endif
  const Scope& scope = *fill_.order().scope;
  if (all_.visible_.size() > 0) {
    for (const auto ms : all_.visible_.on_shown(object.epoch, place_of(scope), object.tags, now)) {
      all_.metrics_.visible.add(ms);
    }
  }
  const bool taken =
      std::move(write_).commit(std::move(object),
                               {.mac = scope.mac,
                                .delivery_host = scope.delivery_host,
                                .api_key = scope.api_key,
                                .environment = scope.environment,
                                .branch = scope.branch},
                               [committed = &all_.committed_, key = fill_.order().key,
                                number = fill_.number()](bool) { (*committed)(key, number); });
  (taken ? all_.metrics_.fills_stored : all_.metrics_.store_refused).add();
  return taken;
}

std::uint64_t StoreWrites::shown_by(const Fill& fill, std::uint64_t number, std::string_view tags,
                                    WallTime made_after, WallTime now) const {
  return store_.shown_by(number, place_of(*fill.order().scope), tags, made_after, now);
}

std::unique_ptr<FillWrite> StoreWrites::begin(const Fill& fill, std::uint64_t announced_bytes) {
  auto write = store_.begin(announced_bytes);
  if (!write) return nullptr;
  return std::make_unique<Write>(*this, fill, std::move(*write));
}

}  // namespace larder
