// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <utility>

#include "conf/base/check.h"
#include "conf/tls_certificate.h"

namespace larder {
namespace {

/// Mozilla's "intermediate" list, version 5.7, without its finite-field Diffie-Hellman: a handshake
/// by that costs the server ten times as much, and the client chooses.
constexpr const char* kCiphersOf12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphersOf13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:prime256v1:secp384r1";
constexpr std::array<unsigned char, 9> kProtocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
/// Sessions of all listeners are alike: no client proves who it is by one.
constexpr std::array<unsigned char, 6> kSessionKind{'l', 'a', 'r', 'd', 'e', 'r'};

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_length, void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, length, kProtocols.data(), kProtocols.size(),
                                            offered, offered_length);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int choose_certificate(SSL* session, int*, void* context) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const chosen = static_cast<const TlsContext*>(context)->of_name(name);
  if (chosen != SSL_get_SSL_CTX(session) && SSL_set_SSL_CTX(session, chosen) == nullptr) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

bool prepare(const TicketKey& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
             bool seal) {
  char digest[] = "sha256";
  TicketKey copy = key;
  const std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac.data(), copy.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const auto init = seal ? EVP_EncryptInit_ex : EVP_DecryptInit_ex;
  return EVP_MAC_CTX_set_params(mac, params.data()) == 1 &&
         init(cipher, EVP_aes_256_cbc(), nullptr, copy.cipher.data(), iv) == 1;
}

/// For OpenSSL's SSL_CTX_set_tlsext_ticket_key_evp_cb: 1 = go on, 2 = and give a new ticket, 0 = a
/// full handshake, -1 = the handshake fails.
int use_ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int seal) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  if (seal == 1) {
    const TicketKey key = keys->to_seal();
    std::memcpy(name, key.name.data(), key.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    return prepare(key, iv, cipher, mac, true) ? 1 : -1;
  }
  const auto opener = keys->to_open({name, TicketKey::kNameBytes});
  if (!opener) return 0;
  if (!prepare(opener->key, iv, cipher, mac, false)) return -1;
  // By RFC 8446 a ticket of TLS 1.3 should be used once: the client gets the next one.
  return opener->renew || SSL_version(session) >= TLS1_3_VERSION ? 2 : 1;
}

TicketKey random_key() {
  TicketKey key;
  LARDER_CHECK(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1);
  LARDER_CHECK(RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1);
  LARDER_CHECK(RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1);
  return key;
}

bool use_certificate(SSL_CTX* context, const TlsCertificate& certificate) {
  if (SSL_CTX_use_certificate(context, certificate.certificate.get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, certificate.key.get()) != 1) return false;
  for (const auto& signer : certificate.chain) {
    if (SSL_CTX_add1_chain_cert(context, signer.get()) != 1) return false;
  }
  return true;
}

bool set_protocols(SSL_CTX* context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphersOf12) == 1 &&
         SSL_CTX_set_ciphersuites(context, kCiphersOf13) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1 &&
         SSL_CTX_set_session_id_context(context, kSessionKind.data(), kSessionKind.size()) == 1;
}

std::string digest_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  LARDER_CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &length) == 1);
  return {digest.begin(), digest.begin() + length};
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown" : reason;
}

Result<std::shared_ptr<SSL_CTX>> make_one(const TlsFiles& files, const TlsCertificate& certificate,
                                          const TlsConfig& config) {
  std::shared_ptr<SSL_CTX> made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  ERR_clear_error();
  if (!made || !set_protocols(made.get()) || !use_certificate(made.get(), certificate)) {
    return fail(Error::Code::invalid, files.certificate + " cannot be used: " + last_reason() +
                                          "; give RSA of 2048 bits or more, or ECDSA P-256");
  }
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);  // tickets alone
  SSL_CTX_set_timeout(made.get(), static_cast<long>(config.ticket_lifetime_s));
  SSL_CTX_set_num_tickets(made.get(), 1);
  SSL_CTX_set_alpn_select_cb(made.get(), choose_protocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(made.get(), use_ticket_key);
  return made;
}

}  // namespace

std::shared_ptr<TicketKeys> make_ticket_keys(const TlsConfig& config) {
  return std::make_shared<TicketKeys>(config.ticket_lifetime_s * 1'000, random_key);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const std::vector<TlsFiles>& files,
                                                           const std::shared_ptr<TicketKeys>& keys,
                                                           const TlsConfig& config, WallTime now) {
  auto made = std::make_shared<TlsContext>();
  made->keys_ = keys;
  for (const TlsFiles& pair : files) {
    auto certificate = load_tls_certificate(pair, now);
    if (!certificate) return tl::unexpected<Error>(certificate.error());
    auto context = make_one(pair, *certificate, config);
    if (!context) return tl::unexpected<Error>(context.error());
    SSL_CTX_set_app_data(context->get(), keys.get());
    made->contexts_.push_back(
        {*context,
         {pair.certificate, certificate->not_after, digest_of(certificate->certificate.get())}});
    made->warnings_.insert(made->warnings_.end(), certificate->warnings.begin(),
                           certificate->warnings.end());
  }
  SSL_CTX_set_tlsext_servername_callback(made->get(), choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(made->get(), made.get());
  return std::shared_ptr<const TlsContext>(std::move(made));
}

SSL_CTX* TlsContext::of_name(const std::string& name) const {
  for (const One& one : contexts_) {
    X509* const certificate = SSL_CTX_get0_certificate(one.context.get());
    if (X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1) {
      return one.context.get();
    }
  }
  return get();
}

std::vector<TlsContext::Identity> TlsContext::identities() const {
  std::vector<Identity> all;
  all.reserve(contexts_.size());
  for (const One& one : contexts_) all.push_back(one.identity);
  return all;
}

}  // namespace larder
