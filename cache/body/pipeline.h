// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/body/inflater.h"
#include "cache/body/json_events.h"
#include "cache/body/json_stream.h"
#include "cache/http/entity_tag.h"
#include "cache/http/representation.h"
#include "conf/base/result.h"

namespace larder {

struct BodyLimits {
  std::uint64_t max_bytes;          ///< as it is transferred
  std::uint64_t max_decoded_bytes;  ///< of the JSON text inside: bounds the work
};

/// A body that may be stored.
struct SoundBody {
  EntityTag etag;
  std::uint64_t bytes = 0;  ///< as it was transferred
  bool ends_itself = true;  ///< its own last octet shows that it is whole
};

/// What is to be known of a body before it may be stored, worked out piece by piece as they
/// arrive: its entity tag, its size, and that it is well-formed JSON (inflated when it is gzip).
/// Takes the same little memory for any body. Where the pieces are cut changes nothing. Pure.
class BodyPipeline {
 public:
  /// `coding` is the body's own. `events`, if any, is told of the JSON text and outlives this.
  BodyPipeline(Representation coding, BodyLimits limits, JsonEvents* events = nullptr);

  /// The next piece. False = the body is not sound, whatever follows; more pieces do no harm.
  bool feed(std::string_view piece);

  /// Behind the last piece. Sound = one whole JSON value, nothing behind it, within the limits.
  /// Errors: corrupt, full (beyond a limit).
  Result<SoundBody> finish();

 private:
  enum class Fault : std::uint8_t { none, no_gzip, no_json, too_large };

  Fault inflate(std::string_view piece);
  Fault read(std::string_view text);

  const BodyLimits limits_;
  EntityTagBuilder tag_;
  std::optional<Inflater> inflater_;  ///< of gzip only
  JsonStream json_;
  std::uint64_t bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  Fault fault_ = Fault::none;  ///< the first one
};

}  // namespace larder
