// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <llhttp.h>
#include <array>
#include <cstdint>
#include <string_view>

#include "cache/request/request.h"
#include "conf/config.h"
#include "daemon/http1/request_memo.h"

namespace larder {

/// llhttp (strict, no lenient flag) with larder's own bounds. Parses one request at a time out of
/// contiguous bytes that the caller keeps; holds offsets only, so the bytes may move between calls.
class RequestParser {
 public:
  enum class Outcome : std::uint8_t { incomplete, complete, refused };

  /// `memo`, if any, outlives the parser and spares it what was parsed before.
  /// Of `config` it keeps the bounds.
  explicit RequestParser(const ServerConfig& config, RequestMemo* memo = nullptr);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// From the next request on.
  void set_bounds(const ServerConfig& config);

  /// Begins a new request.
  void reset();

  /// Parses on. `request` = all bytes since the request's first one; the earlier calls' bytes lead
  /// it unchanged. After complete or refused: reset() before the next.
  Outcome feed(std::string_view request);

  /// Bytes of the complete request.
  std::size_t consumed() const { return consumed_; }
  /// Of the complete request; views into `request` and into this parser.
  RequestView view(std::string_view request);
  /// `GET`, `POST`…, static text.
  std::string_view method_name() const;
  const Refusal& refusal() const { return refusal_; }
  /// The connection must close after this request: HTTP/1.0, `Connection: close`, body framing.
  bool must_close() const { return must_close_; }

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
  };
  static constexpr std::size_t kMaxHeaders = 64;  // as Varnish; more is an attack

  static RequestParser* self_of(llhttp_t* parser) {
    return static_cast<RequestParser*>(parser->data);
  }
  static const llhttp_settings_t& settings();
  static int on_url(llhttp_t* parser, const char* at, size_t length) noexcept;
  static int on_field(llhttp_t* parser, const char* at, size_t length) noexcept;
  static int on_value(llhttp_t* parser, const char* at, size_t length) noexcept;
  static int on_headers_complete(llhttp_t* parser) noexcept;
  static int on_message_complete(llhttp_t* parser) noexcept;

  void extend(Span& span, const char* at, size_t length) const;
  int refuse(int status, const char* cause);
  Outcome refuse_outcome(int status, const char* cause);
  bool take_known(std::string_view request);
  void learn(std::string_view request);
  /// What follows the target; empty when what leads to it is not as RFC 9112 has it.
  std::string_view behind_target(std::string_view request) const;
  bool request_line_is_exact(std::string_view request) const;
  bool names_other_version(std::string_view request) const;

  Bytes max_target_bytes_ = 0;
  Bytes max_header_bytes_ = 0;
  RequestMemo* const memo_;
  const KnownHeader* taken_ = nullptr;  ///< the header of the complete request, when it was known
  KnownHeader::Told told_;              ///< with `taken_`: places in its header block
  std::size_t block_ = 0;               ///< with `taken_`: where that begins
  llhttp_t llhttp_{};
  const char* base_ = nullptr;  ///< of the current feed()
  std::size_t fed_ = 0;
  std::size_t consumed_ = 0;
  std::size_t header_bytes_ = 0;
  Span target_;
  std::size_t count_ = 0;
  bool in_value_ = false;
  bool headers_complete_ = false;
  bool must_close_ = false;
  bool refused_ = false;
  Refusal refusal_;
  std::array<Span, kMaxHeaders> names_;
  std::array<Span, kMaxHeaders> values_;
  std::array<HeaderView, kMaxHeaders> views_;
};

}  // namespace larder
