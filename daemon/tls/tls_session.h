// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/tls/tls_context.h"

namespace larder {

/// Takes what a session sends.
class TlsOutput {
 public:
  virtual ~TlsOutput() = default;
  /// Takes all of it over. False = the connection is broken.
  virtual bool put(std::string_view ciphertext) = 0;
};

/// The server's side of one TLS session: OpenSSL between views of bytes, without a socket. On one
/// thread.
class TlsSession {
 public:
  /// Bytes of plaintext in one record, at most.
  static constexpr std::size_t kRecordBytes = 16 * 1024;

  enum class Step : std::uint8_t {
    done,         ///< the handshake is over; bytes are read
    wants_input,  ///< all that was fed is used
    ended,        ///< the client's close_notify
    failed,       ///< see failure()
  };

  TlsSession(std::shared_ptr<const TlsContext> context, TlsOutput& output);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// From here on ciphertext is read from `input`: borrowed, until take_unread().
  void feed(std::string_view input) { input_ = input; }
  /// What is left of it.
  std::string_view take_unread() { return std::exchange(input_, {}); }

  Step handshake();
  /// Plaintext of one record at most.
  Step read(std::span<char> into, std::size_t& bytes);
  /// Sends one record of 1 to kRecordBytes bytes. False = failed.
  bool seal(std::string_view plaintext);
  /// close_notify.
  void send_end();

  // After the handshake:
  bool is_resumed() const;
  bool is_1_3() const;
  /// Why it failed, in OpenSSL's words.
  const std::string& failure() const { return failure_; }
  /// What came is a request in plain HTTP.
  bool is_plain_http() const { return plain_http_; }

 private:
  struct Pipe;  ///< OpenSSL's way to `input_` and `output_`
  Step step_of(int outcome);
  void note_failure();

  std::shared_ptr<const TlsContext> context_;
  TlsOutput& output_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::string_view input_;
  std::string failure_;
  bool plain_http_ = false;
};

}  // namespace larder
