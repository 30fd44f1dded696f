// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/client/body_source.h"
#include "daemon/client/out_queue.h"
#include "upstream/answer.h"

namespace larder {

/// How a client finds the end of a body that streams to it.
enum class BodyFraming : std::uint8_t {
  length,       ///< Content-Length: the body is checked against it
  chunked,      ///< Transfer-Encoding: chunked
  until_close,  ///< ends with the connection, which a reset tells from a part (HTTP/1.0)
  whole,        ///< head and body are kept back until the length is known: an HTTP/1.0 client of a
                ///< transport without reset could not tell a part from all
};

/// A body that comes in events from the fetch thread, behind its head.
class StreamBody final : public BodySource {
 public:
  /// `head` ends with its blank line. `length` is that of the head, with BodyFraming::length.
  StreamBody(OutQueue& out, BodyFraming framing, std::string head, std::uint64_t length = 0);

  /// Takes over the next pieces: nobody else holds them from here on, so that what a cut-off gives
  /// back is counted right. `end` is that of their event.
  void take(std::vector<Chunk> pieces, AnswerEvent::End end);
  Step send() override;

  std::uint64_t bytes() const { return bytes_; }  ///< of the body so far, without framing
  /// The client has none of it yet: what it takes says nothing about how much may be read on.
  bool is_kept_back() const { return !head_.empty(); }

 private:
  void queue(Chunk piece);
  void release();
  bool has_wrong_length() const;

  OutQueue& out_;
  const BodyFraming framing_;
  const std::uint64_t length_;
  std::string head_;  ///< with BodyFraming::whole, until it goes out
  std::uint64_t bytes_ = 0;
  AnswerEvent::End end_ = AnswerEvent::End::no;
};

}  // namespace larder
