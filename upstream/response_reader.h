// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <llhttp.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/body/inflater.h"
#include "cache/http/response.h"
#include "conf/config.h"
#include "upstream/origin_error.h"

namespace larder {

/// One answer out of the bytes of a connection: llhttp (strict, no lenient flag) with larder's own
/// bounds and rules. Only HTTP/1.0 and 1.1, no coding of the transfer but `chunked`, no length
/// beside it and no second length, no 101 and no 304, for neither was asked for, no header that
/// contradicts itself. A gzip that nobody asked for is inflated, any other coding of the content is
/// refused: nobody gets what it cannot read. Interim answers (1xx) and trailers are dropped.
class ResponseReader {
 public:
  enum class Outcome : std::uint8_t {
    incomplete,
    complete,
    refused,  ///< error() says why; the connection is of no more use
  };

  /// An unasked gzip that inflates to more than so many times its length, and this much, is a bomb.
  static constexpr std::uint64_t kMaxInflation = 64;
  static constexpr std::uint64_t kFreeInflation = 256 * 1024;

  /// `asked`: the coding of the content that the request accepts.
  ResponseReader(const UpstreamConfig& config, Representation asked);
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  /// Begins a new answer.
  void reset();
  /// Reads on; appends what belongs to the body to `body`.
  Outcome feed(std::string_view bytes, std::string& body);
  /// Of the last feed(): bytes of the answer. What lies behind a complete one is nobody's.
  std::size_t consumed() const { return consumed_; }
  /// The connection has ended in order: complete only where the end says so.
  Outcome end();

  bool head_complete() const { return head_complete_; }
  const ResponseFacts& facts() const { return facts_; }
  /// Of a complete answer: its length was proven by its framing.
  bool framed() const { return framed_; }
  /// Of a complete answer: the origin keeps the connection open, and nothing in its framing was
  /// odd.
  bool keeps_connection() const { return keeps_connection_; }
  /// Of a refused one; a text that follows "origin HOST: ".
  const OriginError& error() const { return error_; }

 private:
  static const llhttp_settings_t& settings();
  static ResponseReader* self_of(llhttp_t* parser) {
    return static_cast<ResponseReader*>(parser->data);
  }
  static int on_version(llhttp_t* parser) noexcept;
  static int on_field(llhttp_t* parser, const char* at, std::size_t length) noexcept;
  static int on_value(llhttp_t* parser, const char* at, std::size_t length) noexcept;
  static int on_value_complete(llhttp_t* parser) noexcept;
  static int on_headers_complete(llhttp_t* parser) noexcept;
  static int on_body(llhttp_t* parser, const char* at, std::size_t length) noexcept;
  static int on_extension(llhttp_t* parser, const char* at, std::size_t length) noexcept;
  static int on_message_complete(llhttp_t* parser) noexcept;

  int refuse(OriginCause cause, const char* text);
  int count_header(std::size_t bytes);
  int take_line();
  int take_head();
  int check_framing();
  int check_coding();
  int take_body(std::string_view bytes);
  int take_zipped(std::string_view bytes);

  const UpstreamConfig& config_;
  const Representation asked_;
  llhttp_t llhttp_{};
  ResponseFacts facts_;
  std::string line_;             ///< `name: value` in the making
  std::string* body_ = nullptr;  ///< of the present feed()
  std::size_t consumed_ = 0;
  std::uint64_t header_total_ = 0;  ///< header, interim answers, trailers and chunk extensions
  std::uint64_t body_total_ = 0;
  std::optional<Inflater> inflater_;  ///< of a gzip that nobody asked for
  std::uint64_t zipped_total_ = 0;
  unsigned interim_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;  ///< Transfer-Encoding lines
  bool chunked_ = false;
  bool head_complete_ = false;
  bool complete_ = false;
  bool refused_ = false;
  bool framed_ = false;
  bool odd_ = false;  ///< nothing wrong with the answer, but the next one is not trusted
  bool keeps_connection_ = false;
  OriginError error_;
};

}  // namespace larder
