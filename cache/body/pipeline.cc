// SPDX-License-Identifier: Apache-2.0
#include "cache/body/pipeline.h"

namespace larder {

BodyPipeline::BodyPipeline(Representation coding, BodyLimits limits, JsonEvents* events)
    : limits_(limits), tag_(coding), json_(events) {
  if (coding == Representation::gzip) inflater_.emplace();
}

bool BodyPipeline::feed(std::string_view piece) {
  if (fault_ != Fault::none) return false;
  bytes_ += piece.size();
  if (bytes_ > limits_.max_bytes) {
    fault_ = Fault::too_large;
    return false;
  }
  tag_.add(piece);
  fault_ = inflater_ ? inflate(piece) : read(piece);
  return fault_ == Fault::none;
}

BodyPipeline::Fault BodyPipeline::inflate(std::string_view piece) {
  inflater_->give(piece);
  while (const auto text = inflater_->take()) {
    if (const Fault fault = read(*text); fault != Fault::none) return fault;
  }
  return inflater_->broken() ? Fault::no_gzip : Fault::none;
}

BodyPipeline::Fault BodyPipeline::read(std::string_view text) {
  decoded_bytes_ += text.size();
  if (decoded_bytes_ > limits_.max_decoded_bytes) return Fault::too_large;
  return json_.feed(text) ? Fault::none : Fault::no_json;
}

Result<SoundBody> BodyPipeline::finish() {
  if (fault_ == Fault::none && inflater_ && !inflater_->at_end()) fault_ = Fault::no_gzip;
  const bool ends_itself = json_.ends_itself() || inflater_;  // gzip has an end of its own
  if (fault_ == Fault::none && !json_.finish()) fault_ = Fault::no_json;
  switch (fault_) {
    case Fault::none:
      return SoundBody{.etag = tag_.finish(), .bytes = bytes_, .ends_itself = ends_itself};
    case Fault::no_gzip:
      return fail(Error::Code::corrupt, "the body is no complete gzip");
    case Fault::no_json:
      return fail(Error::Code::corrupt, "the body is no complete JSON");
    case Fault::too_large:
      return fail(Error::Code::full, "the body is beyond its limit");
  }
  return fail(Error::Code::corrupt, "the body is not understood");
}

}  // namespace larder
