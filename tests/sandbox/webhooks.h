// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <uv.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sandbox/json.h"

struct evp_pkey_st;

namespace sandbox {

/// Sends events as the CMS does: a POST for each, signed with a key of this process. Told by
/// `POST /webhook`:
///   url        http://IP:PORT/PATH; "" = nothing is sent
///   signature  RSASSA-PSS in X-Contentstack-Request-Signature; default true
///   hmac       secret of x-contentstack-hmac-signature
///   basic      USER:PASSWORD
///   header     {name, value}
///   lose       so many of the next events are not sent
///   repeat     each is sent so many times more
///   delay_ms   each is sent so much later
///   reverse    so many are collected, and then sent in the opposite order
class Webhooks {
 public:
  explicit Webhooks(uv_loop_t* loop) : loop_(loop) {}
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  /// Throws std::invalid_argument.
  void configure(const Json& order);
  void emit(const Json& event);
  /// {"events", "lost", "sent", "waiting", "failed", "answers": {STATUS: how many}}
  Json describe() const;
  /// PEM, PKCS#1, as the CMS shows it.
  std::string public_key();
  /// The header fields that prove the body, by what is configured.
  std::vector<std::pair<std::string, std::string>> proofs(const std::string& body);
  void shut_down();

 private:
  class Post;
  friend class Post;

  evp_pkey_st* key();
  std::string signature(const std::string& body);
  std::string hmac(const std::string& body) const;
  void send(const std::string& body);
  void on_done(Post* post, int status);

  uv_loop_t* loop_;
  evp_pkey_st* key_ = nullptr;  ///< made when it is first needed
  Json order_ = Json::object();
  std::string host_, path_;
  int port_ = 0;
  long lose_ = 0;
  std::vector<std::string> collected_;
  std::set<Post*> posts_;
  std::uint64_t events_ = 0, lost_ = 0, sent_ = 0, failed_ = 0;
  std::map<int, std::uint64_t> answers_;
};

}  // namespace sandbox
