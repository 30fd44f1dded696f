// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_pair.h"
#include "cache/body/json_stream.h"
#include "cache/body/json_text_buffer.h"
#include "cache/tags/change.h"
#include "conf/base/clock.h"
#include "daemon/events/raw_entry_finder.h"

namespace larder {

/// One item of the Sync API.
struct SyncEvent {
  ContentChange change;
  WallTime at;  ///< by the clock of the CMS; 0 = it does not say
};

/// What an answer of the Sync API says, a refusal among them.
struct SyncPage {
  static constexpr std::size_t kMaxEvents = 1'000;  ///< the API sends 100

  std::vector<SyncEvent> events;
  std::vector<RawEntry> entries;  ///< of the published ones, what they refer to
  /// There are items that larder does not know, or too many: anything may have changed.
  bool coarse = false;
  bool lists_items = false;
  std::string pagination_token;  ///< of the next page
  std::string sync_token;        ///< of the next poll: this was the last page
  std::int64_t error_code = 0;
  bool blames_credential = false;  ///< its `errors` name the token, the stack or the environment
};

/// Reads such an answer piece by piece, in the same little memory for any answer but for
/// kMaxEvents.
class SyncReading final : private JsonEvents {
 public:
  SyncReading() : stream_(&readers_) {}
  SyncReading(const SyncReading&) = delete;
  SyncReading& operator=(const SyncReading&) = delete;

  void feed(std::string_view piece) { sound_ = sound_ && stream_.feed(piece); }
  /// Nothing = it is no whole JSON object. Once.
  std::optional<SyncPage> finish();

 private:
  static constexpr unsigned kMaxFollowed = 5;
  static constexpr std::size_t kMaxText = 1'024;

  /// Of the item that is being read; what is too long is "".
  struct Item {
    std::string type, content_type, at, uid, version, locale, publish_locale, published;
  };

  void on_open(JsonContainer container, unsigned depth) override;
  void on_close(JsonContainer container, unsigned depth) override;
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral literal, unsigned depth) override;
  void take_value(unsigned depth);
  std::string* place_of(unsigned depth);
  void take_item();
  bool in_items(unsigned depth) const { return depth >= 2 && in_items_; }

  RawEntryFinder raw_{{"items", "", "data"}};
  JsonPair readers_{raw_, *this};  // an item ends behind the entry in it
  JsonStream stream_;
  bool sound_ = true;
  bool is_object_ = false;
  bool in_items_ = false;
  bool in_errors_ = false;
  bool in_data_ = false;                            ///< of an item
  bool in_details_ = false;                         ///< data.publish_details
  std::array<std::string, kMaxFollowed + 1> keys_;  ///< by depth: the last one
  JsonTextBuffer text_{kMaxText};
  Item item_;
  SyncPage page_;
};

}  // namespace larder
