// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "cache/request/reason.h"
#include "cache/request/request.h"
#include "cache/scope/key.h"
#include "cache/scope/scope.h"
#include "conf/base/secret.h"
#include "conf/settings.h"
#include "daemon/http1/known_header.h"

namespace larder {

/// What classification, scope and key came to for a request of Route::cached. All of it follows
/// from the header block, the listener's role, the target and the settings; nothing of it says
/// whether an answer is stored, fresh or allowed.
struct KnownRequest {
  std::uint64_t header_id = 0;  ///< RequestView::header_id; 0 = none is known here
  ListenerConfig::Role role = ListenerConfig::Role::delivery;
  std::uint32_t target_length = 0;
  Secret text;  ///< the target, then the canonical bytes; tokens may be in the target
  CacheKey key;
  std::shared_ptr<const Scope> scope;
  Reason scope_reason = Reason::none;

  std::string_view target() const { return text.reveal().substr(0, target_length); }
  std::string_view canonical() const { return text.reveal().substr(target_length); }
};

/// All that one worker remembers of earlier requests, under one generation of the settings: header
/// blocks, because an SDK sends the same one with every request, and of requests that come again
/// and again their scope, key and canonical form. Found by bytes that are compared, never by a hash
/// alone. Finding allocates nothing. Bound: kHeaders * (KnownHeader::kMaxBytes + 2 KiB) + kRequests
/// * (kMaxText + 200 bytes + a scope). Not thread-safe.
class RequestMemo {
 public:
  static constexpr std::size_t kHeaders = 16;
  static constexpr std::size_t kRequests = 2'048;
  static constexpr std::size_t kMaxText = 1'024;  ///< target and canonical bytes; longer = not kept

  explicit RequestMemo(SettingsPtr settings);
  RequestMemo(const RequestMemo&) = delete;
  RequestMemo& operator=(const RequestMemo&) = delete;

  /// Between two turns. All is forgotten when the generation is another.
  void use(SettingsPtr settings);

  struct FoundHeader {
    const KnownHeader* header = nullptr;  ///< null = none; good until the next learn_header()
    std::size_t length = 0;               ///< of the block in the input
    KnownHeader::Told told = {};          ///< places in the input
  };
  /// The header block that `rest` starts with, if one that means the same is known.
  FoundHeader find_header(std::string_view rest);
  /// Of a block that find_header() does not know. `fields` are views into `block`.
  void learn_header(std::string_view block, std::span<const HeaderView> fields, bool must_close);

  /// Null = not known. Good until the next learn_request().
  const KnownRequest* find_request(const RequestView& request, ListenerConfig::Role role) const;
  /// Kept when it comes the second time, so that requests that come once displace nothing. One
  /// with header_id 0 is not kept.
  void learn_request(const RequestView& request, ListenerConfig::Role role,
                     std::string_view canonical, const CacheKey& key,
                     const std::shared_ptr<const Scope>& scope, Reason scope_reason);

 private:
  struct Place {
    KnownRequest known;
    std::uint64_t candidate = 0;  ///< hash of the request that wanted this place last
  };

  SettingsPtr settings_;
  std::array<KnownHeader, kHeaders> headers_;
  std::size_t last_ = 0;    ///< found or learnt last
  std::size_t oldest_ = 0;  ///< who was learnt longest ago leaves first
  std::uint64_t next_id_ = 1;
  std::vector<Place> requests_;  ///< in the place that the request's hash gives
};

}  // namespace larder
