// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/stream_body.h"

#include <array>
#include <charconv>
#include <utility>

namespace larder {

StreamBody::StreamBody(OutQueue& out, BodyFraming framing, std::string head, std::uint64_t length)
    : out_(out), framing_(framing), length_(length) {
  if (framing_ == BodyFraming::whole) {
    head_ = std::move(head);
  } else {
    out_.push({.owner = std::move(head)});
  }
}

void StreamBody::take(std::vector<Chunk> pieces, AnswerEvent::End end) {
  for (auto& piece : pieces) {
    if (!piece->empty()) queue(std::move(piece));
  }
  end_ = end;
  if (end_ == AnswerEvent::End::complete && framing_ == BodyFraming::chunked) {
    out_.push({.owner = std::string("0\r\n\r\n")});
  }
}

void StreamBody::queue(Chunk piece) {
  bytes_ += piece->size();
  if (framing_ != BodyFraming::chunked) return out_.push({.owner = std::move(piece)});
  std::array<char, 24> size;
  char* end = std::to_chars(size.data(), size.data() + 20, piece->size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.push({.owner = std::string(size.data(), end)});
  out_.push({.owner = std::move(piece)});
  out_.push({.owner = std::string("\r\n")});
}

BodySource::Step StreamBody::send() {
  if (end_ == AnswerEvent::End::failed || has_wrong_length()) return Step::broken;
  if (is_kept_back()) {
    if (end_ == AnswerEvent::End::no) return out_.hold_back() ? Step::more : Step::broken;
    release();
  }
  if (out_.state() == OutQueue::State::ready && !out_.is_idle() && out_.puts_off())
    return Step::more;
  if (!out_.flush()) return Step::broken;
  return end_ == AnswerEvent::End::complete ? Step::last : Step::more;
}

bool StreamBody::has_wrong_length() const {
  if (framing_ != BodyFraming::length) return false;
  return bytes_ > length_ || (end_ == AnswerEvent::End::complete && bytes_ < length_);
}

/// The head goes out after all, with the length of the body that is queued.
void StreamBody::release() {
  out_.stop_waiting();
  std::string head = std::exchange(head_, {});
  head.insert(head.find("\r\n") + 2, "Content-Length: " + std::to_string(bytes_) + "\r\n");
  out_.push_front({.owner = std::move(head)});
}

}  // namespace larder
