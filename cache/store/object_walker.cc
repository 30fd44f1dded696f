// SPDX-License-Identifier: Apache-2.0
#include "cache/store/object_walker.h"

#include <span>
#include <string_view>

#include "cache/store/format.h"
#include "cache/store/lmdb.h"
#include "cache/store/object.h"
#include "cache/store/reader.h"
#include "cache/tags/tag_set.h"

namespace larder {
namespace {

constexpr std::size_t kRowsAtOnce = 4'096;

}  // namespace

void ObjectWalker::run(Job& job) {
  StoreReader reader(std::make_unique<StoreReader::Impl>(shared_));
  const Result<void> walked = walk(reader, job);
  if (!walked) {
    job.listing.error = walked.error();
  } else {
    for (Found& one : found_) {
      ListedObject& object = one.object;
      const auto view = reader.lookup(object.key, one.canonical, object.scope.mac, job.now);
      settle_state(object, view, job.now);
      if (view) object.uses = reader.uses(view->slot);
      reader.end_turn();
      job.listing.objects.push_back(std::move(object));
    }
    job.listing.more = more_;
  }
  if (!job.listing.objects.empty()) job.listing.scopes.clear();
  job.done(std::move(job.listing));
}

Result<void> ObjectWalker::walk(StoreReader& reader, const Job& job) {
  for (const Place& place : job.places) {
    std::string position = place.prefix;
    bool left = true;
    while (left && !more_ && !stopping_()) {
      const Result<bool> some = walk_some(reader, job, place, position);
      reader.end_turn();
      if (!some) return tl::unexpected<Error>(some.error());
      left = *some;
    }
  }
  return {};
}

Result<bool> ObjectWalker::walk_some(StoreReader& reader, const Job& job, const Place& place,
                                     std::string& position) {
  if (!reader.impl_->ready()) return fail(Error::Code::io, "there is no database");
  // The reader's turn keeps the environment in use.
  const Environment& environment = *reader.impl_->snapshot->environment();
  const ReadTxn txn(environment);
  std::size_t looked = 0;
  bool left = false;
  const Result<void> read = txn.for_each_from(environment.objects, position, [&](const Row& row) {
    if (!row.key.starts_with(place.prefix)) return false;
    const bool rises = looked == 0 || row.key > position;  // a damaged tree may run in circles
    position.assign(row.key);
    left = rises && looked++ == kRowsAtOnce;
    if (!rises || left) return false;
    if (row.key.size() != kObjectKeyBytes) return true;
    const CacheKey key = key_of_row(row.key);
    const auto head = decode_object_head(key, row.value);
    if (!head || head->meta.scope != place.scope.mac) return true;
    if (job.tag && !has_any_tag(head->tags, std::span(&*job.tag, 1))) return true;
    return keep(job, {listed_object(place.scope, key, *head), std::string(head->canonical)});
  });
  if (!read) return tl::unexpected<Error>(read.error());
  return left;
}

bool ObjectWalker::keep(const Job& job, Found found) {
  const std::size_t text = 2 * found.canonical.size();
  more_ = found_.size() == job.limit || text_ + text > kMostText;
  if (more_) return false;
  text_ += text;
  found_.push_back(std::move(found));
  return true;
}

}  // namespace larder
