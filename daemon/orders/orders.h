// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/scope/key.h"
#include "cache/scope/scope.h"
#include "cache/store/store.h"
#include "cache/tags/entry_version.h"
#include "conf/base/secret.h"
#include "conf/settings.h"
#include "upstream/answer.h"
#include "upstream/host_lanes.h"
#include "upstream/origin_request.h"

/// What workers and the admin ask of the origin thread. Messages own all they carry.
namespace larder {

/// A cacheable request that the worker could not answer from a fresh object, or a refresh of one.
struct FillOrder {
  Waiter waiter;  ///< `out` null = a background refresh: nobody waits
  CacheKey key;
  std::string canonical;
  CanonicalRequest request;
  std::shared_ptr<const Scope> scope;
  Secret access_token;
  std::vector<std::string> unkeyed;  ///< more lines for the origin that are not in the key
  std::string client;                ///< address of who asks, as text; empty for a refresh
  bool has_stale =
      false;  ///< the worker can answer with a stale object: fail rather than pass an error on
  bool past_caches = false;  ///< no cache on the way may answer; set by the fetch thread
  bool skip_store = false;   ///< the credential must prove itself anew: only the origin may answer
  std::uint64_t generation = 0;  ///< Settings::generation by which it was planned
};

/// It is to be sent once more, for nobody: a client's trace is over then.
void forget_trace(FillOrder& order);

/// The lane in which its fill waits for the origin.
inline Lane lane_of(const FillOrder& order) {
  if (order.waiter.out == nullptr) return Lane::refresh;
  return order.has_stale ? Lane::renewal : Lane::visitor;
}

/// May the purge hit what the order's fill brings?
bool selects(const PurgeOrder& purge, const FillOrder& order);
/// Makes the times that the CMS has told those of larder's clock, which is ahead of the system's by
/// so much; none is in the future.
void set_times(PurgeOrder& purge, std::int64_t ahead_ms, WallTime now);
/// branch_place() of the branches that a purge names, with their aliases; empty = of any.
std::vector<std::uint64_t> branches_of(const PurgeOrder& purge);

/// A request to be streamed, uncached.
struct RelayOrder {
  enum class To : std::uint8_t { delivery, preview };
  Waiter waiter;
  OriginRequest request;
  To to = To::delivery;
  std::shared_ptr<const Scope> scope;  ///< of To::delivery
  std::string client;                  ///< address of who asks, as text
};

/// What a version of an entry refers to, as the CMS itself says it.
struct RawNote {
  std::vector<std::uint64_t> branches;  ///< branch_place()
  RawEntry entry;
  WallTime told;  ///< when, by the CMS
};

/// The client is gone or its deadline has passed.
struct LeaveOrder {
  Waiter waiter;
};

/// The client has taken this many more bytes of its body.
struct CreditOrder {
  Waiter waiter;
  std::uint64_t bytes = 0;
};

struct PurgeCommand {
  PurgeOrder order;
  std::function<void(PurgeResult)> done;  ///< on any thread
};

/// Purges nothing, and keeps the position.
PurgeOrder purge_of_nothing(FeedPosition position);

/// From the store's writer: the object of fill `fill` is visible to every later snapshot, or was
/// dropped.
struct CommittedNote {
  CacheKey key;
  std::uint64_t fill = 0;
};

/// What the fetch thread knows of a key, for whoever explains: nothing changes by asking.
struct KeyOutlook {
  /// Why its requests do not share answers, if they do not.
  enum class Mark : std::uint8_t { none, lasting, refusal, brief };
  CacheKey key;
  std::string host;                    ///< that would be asked
  std::optional<ScopeMac> credential;  ///< whose request it would be, if that is known
  // The fetch thread fills these in:
  Mark mark = Mark::none;
  bool refused = false;        ///< the origin has refused the credential
  bool paused = false;         ///< by a fence: nothing is asked while an older answer can be given
  bool passes_caches = false;  ///< the next answer is asked for past caches: the last was outdated
  bool filling = false;        ///< an answer is on its way that may be shared
  /// What a client is told at once, without a stale object and with one.
  std::optional<OriginCause> trouble;
  std::optional<OriginCause> trouble_with_stale;
  const char* host_state = "unknown";  ///< HostHealth::name_of(); static text
  std::uint64_t failures_in_a_row = 0;
  std::string last_error = {};  ///< of the host, without credentials; "" = none
};
struct OutlookOrder {
  std::vector<KeyOutlook> outlooks;
  std::function<void(std::vector<KeyOutlook>)> done;  ///< on the fetch thread
};

/// New settings, to every thread that works by them.
struct SettingsChange {
  SettingsPtr settings;
  /// Dropped once the thread works by them: when the last one has, it tells who asked.
  std::shared_ptr<const void> until_taken;
};

struct StopOrder {};

using FetchOrder = std::variant<FillOrder, RelayOrder, LeaveOrder, CreditOrder, PurgeCommand,
                                CommittedNote, RawNote, OutlookOrder, SettingsChange, StopOrder>;

/// Rejected credentials that are remembered, by the origin thread and by each worker; the oldest
/// are forgotten first.
inline constexpr std::size_t kMaxRejectedCredentials = 4'096;

/// From the origin thread to every worker: hits of a credential stop (it was rejected) or go on.
struct CredentialNote {
  ScopeMac credential;
  bool rejected = false;
};

}  // namespace larder
