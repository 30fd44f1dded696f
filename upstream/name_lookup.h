// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "upstream/loop/mailbox.h"

namespace larder {

/// What the system's resolver said about one name.
struct NameAnswer {
  std::string name;
  std::vector<std::string> addresses;  ///< numeric, in the resolver's order; empty = it failed
  std::string error;                   ///< with no addresses: why
};

/// Looks names up, each on a thread of its own: a name server that does not answer holds up nobody
/// but who waits for that name, nor the end of the loop. Threads that are still waiting then go on
/// until the resolver gives up; nobody takes what they bring. On the loop's thread.
class NameLookup {
 public:
  using Taken = std::function<void(NameAnswer)>;

  /// `taken` is called from the loop.
  NameLookup(uv_loop_t* loop, Taken taken);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// One at a time for each name, which is the caller's to see to.
  void start(const std::string& name);

  void on_mail(std::vector<NameAnswer>& answers);  ///< Mailbox calls it

 private:
  Taken taken_;
  std::shared_ptr<Mailbox<NameAnswer>> mailbox_;  ///< threads hold it too
};

}  // namespace larder
