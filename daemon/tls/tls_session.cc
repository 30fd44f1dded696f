// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "conf/base/check.h"

namespace larder {

struct TlsSession::Pipe {
  /// Made once, and kept until the process ends.
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "larder");
      LARDER_CHECK(fresh != nullptr && BIO_meth_set_read(fresh, on_read) == 1 &&
                   BIO_meth_set_write(fresh, on_write) == 1 &&
                   BIO_meth_set_ctrl(fresh, on_control) == 1);
      return fresh;
    }();
    return made;
  }

  static int on_read(BIO* bio, char* into, int room) {
    auto& input = static_cast<TlsSession*>(BIO_get_data(bio))->input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(input.size(), static_cast<std::size_t>(room));
    std::memcpy(into, input.data(), count);
    input.remove_prefix(count);
    return static_cast<int>(count);
  }

  static int on_write(BIO* bio, const char* bytes, int count) {
    auto* self = static_cast<TlsSession*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    return self->output_.put({bytes, static_cast<std::size_t>(count)}) ? count : -1;
  }

  static long on_control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, TlsOutput& output)
    : context_(std::move(context)), output_(output), ssl_(SSL_new(context_->get()), SSL_free) {
  BIO* const bio = BIO_new(Pipe::method());
  LARDER_CHECK(ssl_ != nullptr && bio != nullptr);  // memory is patient
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  return step_of(SSL_do_handshake(ssl_.get()));
}

TlsSession::Step TlsSession::read(std::span<char> into, std::size_t& bytes) {
  ERR_clear_error();
  return step_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes));
}

TlsSession::Step TlsSession::step_of(int outcome) {
  if (outcome == 1) return Step::done;
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return Step::wants_input;
    case SSL_ERROR_ZERO_RETURN:
      return Step::ended;
    default:
      note_failure();
      return Step::failed;
  }
}

void TlsSession::note_failure() {
  const auto error = ERR_peek_error();
  const char* reason = ERR_reason_error_string(error);
  failure_ = reason == nullptr ? "the connection broke" : reason;
  plain_http_ =
      ERR_GET_LIB(error) == ERR_LIB_SSL && (ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST ||
                                            ERR_GET_REASON(error) == SSL_R_HTTPS_PROXY_REQUEST);
  ERR_clear_error();
}

bool TlsSession::seal(std::string_view plaintext) {
  LARDER_CHECK(!plaintext.empty() && plaintext.size() <= kRecordBytes);
  ERR_clear_error();
  std::size_t sealed = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &sealed) != 1) {
    note_failure();
    return false;
  }
  LARDER_CHECK(sealed == plaintext.size());
  return true;
}

void TlsSession::send_end() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsSession::is_resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

bool TlsSession::is_1_3() const {
  return SSL_version(ssl_.get()) == TLS1_3_VERSION;
}

}  // namespace larder
