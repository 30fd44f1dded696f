// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "cache/body/error_code.h"
#include "cache/body/json_pair.h"
#include "cache/body/pipeline.h"
#include "cache/tags/tag_finder.h"

namespace larder {

/// All that is learned of the body of an answer while it comes: that it is sound, what error it
/// speaks of, and what it shows. Pure.
class BodyReading {
 public:
  /// `content_type` (that of the path) and `includes`: for TagFinder.
  BodyReading(Representation coding, BodyLimits limits, std::string content_type, bool includes)
      : finder_(std::move(content_type), includes, tags_), pipeline_(coding, limits, &readers_) {}
  BodyReading(const BodyReading&) = delete;
  BodyReading& operator=(const BodyReading&) = delete;

  // As BodyPipeline's.
  bool feed(std::string_view piece) { return pipeline_.feed(piece); }
  Result<SoundBody> finish() { return pipeline_.finish(); }

  // Of a body that was found sound:
  const ErrorCodeReader& words() const { return words_; }
  TagSet& tags() { return tags_; }

 private:
  ErrorCodeReader words_;
  TagSet tags_;
  TagFinder finder_;
  JsonPair readers_{words_, finder_};
  BodyPipeline pipeline_;
};

}  // namespace larder
