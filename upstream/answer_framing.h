// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

/// How the bytes of one connection are cut into answers (RFC 9112 sections 4 to 6), judged line by
/// line as the heads come. libcurl forgives more than is safe where another request's answer
/// follows on the connection. Pure.
class AnswerFraming {
 public:
  enum class Verdict : std::uint8_t {
    sound,
    last,     ///< may be passed on, but the connection must not be used again
    refused,  ///< no answer: where it ends, or whose it is, cannot be told. why() says it
  };
  enum class Body : std::uint8_t {
    unbounded,  ///< only the connection's end ends it
    length,
    chunked,
  };
  static constexpr unsigned kMaxInterim = 16;  ///< answers of 1xx before the final one

  /// A line of a head without its CRLF; the empty one ends the head. A status line is expected
  /// first, and again behind an interim head. Not to be called once complete() or refused.
  Verdict add_line(std::string_view line);

  /// The verdict on all lines so far; only gets worse.
  Verdict verdict() const { return verdict_; }
  const char* why() const { return why_; }
  bool expects_status_line() const { return expects_status_; }
  bool complete() const { return complete_; }  ///< the final head has come
  /// Of the head that came last, 0 before it.
  int status() const { return status_; }
  Body body() const;
  /// The answer says that the connection ends behind it.
  bool says_close() const { return close_; }
  std::uint64_t length() const { return length_.value_or(0); }

 private:
  void refuse(const char* why);
  void add_status_line(std::string_view line);
  void add_field(std::string_view line);
  void add_length(std::string_view value);
  void add_coding(std::string_view value);
  void add_connection(std::string_view value);
  void end_head();

  Verdict verdict_ = Verdict::sound;
  const char* why_ = "";
  bool expects_status_ = true;
  bool complete_ = false;
  unsigned interim_ = 0;
  int status_ = 0;
  bool version_1_0_ = false;
  bool chunked_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace larder
