// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "cache/store/object_walker.h"
#include "cache/store/piece_reader.h"
#include "cache/store/purge_selection.h"
#include "cache/store/shared.h"
#include "cache/store/url_lister.h"

namespace larder {

/// Looks at every stored object for questions that are not a lookup's, on a thread of its own: the
/// writer goes on meanwhile. It reads some thousand rows by one transaction, so that none holds up
/// the reuse of pages for long.
class Survey {
 public:
  struct Count {
    PurgeSelection selection;
    PurgeResult result;                     ///< gets `objects` and `touched`
    std::function<void(PurgeResult)> done;  ///< called on the survey's thread, or by the destructor
    bool dry_run = false;
  };

  /// `shared` outlives it.
  explicit Survey(StoreShared& shared);
  ~Survey();  ///< what is not counted by then is told as it is
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

  /// Any thread. Who asks for purges bounds how many wait.
  void count(Count count);
  void ask(UrlLister::Job job) { add(std::move(job)); }
  void ask(ObjectWalker::Job job) { add(std::move(job)); }
  void ask(PieceJob job) { add(std::move(job)); }

 private:
  using Question = std::variant<UrlLister::Job, ObjectWalker::Job, PieceJob>;
  void add(Question question);
  void run() noexcept;
  void answer(Question& question);
  void answer(Count& count);
  Result<bool> count_some(const Count& count, std::string& position,
                          std::vector<std::uint64_t>& by_scope, std::uint64_t& objects);
  bool stopping() const;

  StoreShared& shared_;
  StoreShared::ReaderTurn turn_{0};
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Count> counts_;  ///< go first: who purges waits for them
  std::deque<Question> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace larder
