// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cache/scope/install_secret.h"
#include "cache/scope/key.h"
#include "cache/store/store.h"
#include "conf/config.h"
#include "daemon/admin/explain_answer.h"
#include "daemon/fetch/fetch_thread.h"
#include "daemon/worker.h"

namespace larder {

/// Gathers what an explanation needs from the threads that know it, one after the other: the survey
/// (what is stored), the fetch thread (marks, fences, hosts), each worker (its last decisions).
/// What has been gathered moves along, so that nobody shares it.
class ExplainDesk {
 public:
  using Done = std::function<void(Explanation)>;  ///< on any thread, once

  /// All outlive it and what it has begun.
  ExplainDesk(Store& store, const InstallSecret& secret, const KeyHasher& hasher,
              const std::vector<std::unique_ptr<Worker>>& workers)
      : store_(store), secret_(secret), hasher_(hasher), workers_(workers) {}
  /// Before the first question.
  void set_fetch(FetchThread& fetch) { fetch_ = &fetch; }

  /// `done` gets what there is also where a thread ends meanwhile. The caller bounds how many are
  /// under way.
  void explain(ExplainQuestion question, const Config& config, WallTime now, Done done);

 private:
  struct Case;
  using CasePtr = std::shared_ptr<Case>;
  void find_request(const CasePtr& one, std::size_t worker);
  void find_key(const CasePtr& one);
  void list_url(const CasePtr& one);
  void look_at_keys(const CasePtr& one);
  void find_decisions(const CasePtr& one, std::size_t worker);

  Store& store_;
  const InstallSecret& secret_;
  const KeyHasher& hasher_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  FetchThread* fetch_ = nullptr;
};

}  // namespace larder
