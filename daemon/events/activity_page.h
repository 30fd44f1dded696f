// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_stream.h"
#include "cache/body/json_text_buffer.h"
#include "conf/base/clock.h"

namespace larder {

/// What `content_types?only_last_activity=true` says.
struct ActivityPage {
  static constexpr std::size_t kMaxTypes = 1'000;

  struct Type {
    std::string uid;
    WallTime at;  ///< the latest of its times, by the clock of the CMS; 0 = none
  };
  std::vector<Type> types;
  /// Each content type has its uid and its activity, and none was left out. If not, only
  /// `fingerprint` tells whether anything has changed.
  bool followed = true;
  std::uint64_t fingerprint = 0;  ///< of all octets
};

/// Reads such an answer piece by piece, in the same little memory for any answer but for kMaxTypes.
class ActivityReading final : private JsonEvents {
 public:
  ActivityReading() : stream_(this) {}
  ActivityReading(const ActivityReading&) = delete;
  ActivityReading& operator=(const ActivityReading&) = delete;

  void feed(std::string_view piece);
  /// Nothing = it is no whole JSON object. Once.
  std::optional<ActivityPage> finish();

 private:
  static constexpr unsigned kMaxFollowed = 3;
  static constexpr std::size_t kMaxText = 256;

  void on_open(JsonContainer container, unsigned depth) override;
  void on_close(JsonContainer container, unsigned depth) override;
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral literal, unsigned depth) override;
  void take_value(unsigned depth);

  JsonStream stream_;
  bool sound_ = true;
  bool is_object_ = false;
  bool lists_types_ = false;
  bool in_types_ = false;
  bool has_activity_ = false;  ///< of the content type that is being read
  ActivityPage::Type type_;
  std::array<std::string, kMaxFollowed + 1> keys_;  ///< by depth: the last one
  JsonTextBuffer text_{kMaxText};
  ActivityPage page_;
};

}  // namespace larder
