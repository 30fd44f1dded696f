// SPDX-License-Identifier: Apache-2.0
#include "cache/store/survey.h"

#include <utility>

#include "cache/store/lmdb.h"
#include "cache/store/object.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr std::size_t kRowsAtOnce = 4'096;

}  // namespace

Survey::Survey(StoreShared& shared) : shared_(shared) {
  shared_.add_reader(turn_);
  thread_ = std::thread([this] { run(); });
}

Survey::~Survey() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
  shared_.remove_reader(turn_);
}

void Survey::count(Count count) {
  {
    const std::lock_guard lock(mutex_);
    counts_.push_back(std::move(count));
  }
  ready_.notify_one();
}

void Survey::add(Question question) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(question));
  }
  ready_.notify_one();
}

bool Survey::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Survey::run() noexcept {
  begin_thread("survey", Urgency::patient);
  while (true) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return stopping_ || !counts_.empty() || !waiting_.empty(); });
    if (!counts_.empty()) {
      Count next = std::move(counts_.front());
      counts_.pop_front();
      lock.unlock();
      answer(next);
      continue;
    }
    if (waiting_.empty()) return;
    Question next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    answer(next);
  }
}

void Survey::answer(Question& question) {
  const auto stopped = [this] { return stopping(); };
  if (auto* url = std::get_if<UrlLister::Job>(&question)) {
    UrlLister(shared_, stopped).run(*url);
  } else if (auto* objects = std::get_if<ObjectWalker::Job>(&question)) {
    ObjectWalker(shared_, stopped).run(*objects);
  } else {
    PieceReader(shared_).run(std::get<PieceJob>(question));
  }
}

/// The purge holds, whatever becomes of the count.
void Survey::answer(Count& count) {
  std::vector<std::uint64_t> by_scope(count.selection.scopes().size());
  std::string position;
  bool more = true;
  while (more && !stopping()) {
    const Result<bool> some = count_some(count, position, by_scope, count.result.objects);
    more = some && *some;
    if (!some && count.dry_run) count.result.error = some.error();
  }
  for (std::size_t i = 0; i < by_scope.size(); ++i) {
    if (by_scope[i] == 0) continue;
    count.result.touched.push_back({count.selection.scopes()[i], by_scope[i]});
  }
  if (count.result.objects > 0) count.result.scopes.clear();
  if (!count.dry_run) StoreCounters::raise(shared_.counters.purged, count.result.objects);
  if (count.done) count.done(std::move(count.result));
}

/// From `position` on, which it moves. False = there is no more.
Result<bool> Survey::count_some(const Count& count, std::string& position,
                                std::vector<std::uint64_t>& by_scope, std::uint64_t& objects) {
  shared_.begin_turn(turn_);
  std::size_t looked = 0;
  bool rises = true;  // a damaged tree may run in circles
  Result<void> read = fail(Error::Code::io, "there is no database");
  if (const std::shared_ptr<Environment> environment = shared_.environment()) {
    const ReadTxn txn(*environment);
    read = txn.for_each_from(environment->objects, position, [&](const Row& row) {
      rises = looked == 0 || row.key > position;
      position.assign(row.key);
      if (!rises || looked++ == kRowsAtOnce) return false;
      if (row.key.size() != kObjectKeyBytes) return true;
      const auto head = decode_object_head(key_of_row(row.key), row.value);
      if (!head || !count.selection.selects(*head, shared_.epochs)) return true;
      ++objects;
      if (const auto scope = count.selection.scope_of(head->meta.scope)) ++by_scope[*scope];
      return true;
    });
  }
  turn_.store(0);
  if (!read) return tl::unexpected<Error>(read.error());
  return rises && looked > kRowsAtOnce;
}

}  // namespace larder
