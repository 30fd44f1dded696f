// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/webhooks.h"

#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <stdexcept>

namespace sandbox {
namespace {

constexpr std::size_t kMaxPosts = 4'096;

std::string base64(const std::string& octets) {
  std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL fails");
}

}  // namespace

/// One request, its answer, closed.
class Webhooks::Post {
 public:
  Post(Webhooks& owner, std::string text) : owner_(owner), text_(std::move(text)) {
    uv_tcp_init(owner.loop_, &socket_);
    uv_timer_init(owner.loop_, &timer_);
    socket_.data = timer_.data = connect_.data = write_.data = this;
  }

  void start(std::uint64_t delay_ms) {
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<Post*>(timer->data)->connect(); }, delay_ms,
        0);
  }

  void close() {
    if (closing_) return;
    closing_ = true;
    const auto closed = [](uv_handle_t* handle) {
      auto* self = static_cast<Post*>(handle->data);
      if (--self->open_ == 0) self->owner_.on_done(self, self->status_);
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
  }

 private:
  void connect() {
    sockaddr_in address{};
    uv_ip4_addr(owner_.host_.c_str(), owner_.port_, &address);
    const int begun =
        uv_tcp_connect(&connect_, &socket_, reinterpret_cast<const sockaddr*>(&address),
                       [](uv_connect_t* request, int status) {
                         auto* self = static_cast<Post*>(request->data);
                         if (status != 0) return self->close();
                         self->write();
                       });
    if (begun != 0) close();
  }

  void write() {
    const uv_buf_t whole = uv_buf_init(text_.data(), static_cast<unsigned>(text_.size()));
    uv_write(&write_, reinterpret_cast<uv_stream_t*>(&socket_), &whole, 1,
             [](uv_write_t* request, int status) {
               if (status != 0) static_cast<Post*>(request->data)->close();
             });
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(&socket_),
        [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
          auto* self = static_cast<Post*>(handle->data);
          *out = uv_buf_init(self->buffer_.data(), static_cast<unsigned>(self->buffer_.size()));
        },
        [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
          auto* self = static_cast<Post*>(stream->data);
          if (size < 0) return self->end();
          self->answer_.append(buffer->base, static_cast<std::size_t>(size));
        });
  }

  void end() {
    if (answer_.starts_with("HTTP/1.1 ")) status_ = std::atoi(answer_.c_str() + 9);
    close();
  }

  Webhooks& owner_;
  std::string text_, answer_;
  std::array<char, 4'096> buffer_{};
  uv_tcp_t socket_{};
  uv_timer_t timer_{};
  uv_connect_t connect_{};
  uv_write_t write_{};
  int status_ = 0;
  int open_ = 2;
  bool closing_ = false;
};

Webhooks::~Webhooks() {
  EVP_PKEY_free(key_);
}

void Webhooks::configure(const Json& order) {
  const std::string url = order.value("url", "");
  constexpr std::string_view kScheme = "http://";
  if (!url.empty()) {
    const auto colon = url.find(':', kScheme.size());
    const auto slash = url.find('/', kScheme.size());
    if (!url.starts_with(kScheme) || colon == std::string::npos || slash < colon) {
      throw std::invalid_argument("not of the form http://IP:PORT/PATH: " + url);
    }
    host_ = url.substr(kScheme.size(), colon - kScheme.size());
    port_ = std::stoi(url.substr(colon + 1));
    path_ = slash == std::string::npos ? "/" : url.substr(slash);
  }
  order_ = order;
  lose_ = order.value("lose", 0L);
  collected_.clear();
}

void Webhooks::emit(const Json& event) {
  if (order_.value("url", "").empty()) return;
  ++events_;
  if (lose_ > 0) {
    --lose_;
    ++lost_;
    return;
  }
  collected_.push_back(event.dump());
  if (collected_.size() < order_.value("reverse", std::size_t{1})) return;
  std::reverse(collected_.begin(), collected_.end());
  for (const std::string& body : collected_) {
    for (int i = 0; i <= order_.value("repeat", 0); ++i) send(body);
  }
  collected_.clear();
}

void Webhooks::send(const std::string& body) {
  if (posts_.size() >= kMaxPosts) throw std::runtime_error("too many webhooks wait");
  std::string text = "POST " + path_ + " HTTP/1.1\r\nHost: " + host_ + ":" + std::to_string(port_) +
                     "\r\nUser-Agent: Contentstack\r\nContent-Type: application/json\r\n";
  for (const auto& [name, value] : proofs(body)) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  auto* post = new Post(*this, std::move(text));
  posts_.insert(post);
  ++sent_;
  post->start(order_.value("delay_ms", std::uint64_t{0}));
}

void Webhooks::on_done(Post* post, int status) {
  posts_.erase(post);
  delete post;
  if (status == 0) ++failed_;
  if (status != 0) ++answers_[status];
}

Json Webhooks::describe() const {
  Json answers = Json::object();
  for (const auto& [status, count] : answers_) answers[std::to_string(status)] = count;
  return {{"events", events_}, {"lost", lost_},
          {"sent", sent_},     {"waiting", posts_.size() + collected_.size()},
          {"failed", failed_}, {"answers", answers}};
}

void Webhooks::shut_down() {
  for (Post* post : posts_) post->close();
}

std::vector<std::pair<std::string, std::string>> Webhooks::proofs(const std::string& body) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (order_.value("signature", true)) {
    fields.emplace_back("X-Contentstack-Request-Signature", "v1=" + signature(body));
  }
  if (order_.contains("hmac")) fields.emplace_back("x-contentstack-hmac-signature", hmac(body));
  if (order_.contains("basic")) {
    fields.emplace_back("Authorization", "Basic " + base64(order_.at("basic")));
  }
  if (order_.contains("header")) {
    fields.emplace_back(order_.at("header").at("name"), order_.at("header").at("value"));
  }
  return fields;
}

evp_pkey_st* Webhooks::key() {
  if (key_ == nullptr) key_ = EVP_RSA_gen(2048);
  must(key_ != nullptr);
  return key_;
}

std::string Webhooks::public_key() {
  const std::unique_ptr<OSSL_ENCODER_CTX, decltype(&OSSL_ENCODER_CTX_free)> encoder(
      OSSL_ENCODER_CTX_new_for_pkey(key(), EVP_PKEY_PUBLIC_KEY, "PEM", "type-specific", nullptr),
      OSSL_ENCODER_CTX_free);
  unsigned char* made = nullptr;
  std::size_t size = 0;
  must(OSSL_ENCODER_to_data(encoder.get(), &made, &size) == 1);
  std::string text(reinterpret_cast<const char*>(made), size);
  OPENSSL_free(made);
  return text;
}

std::string Webhooks::signature(const std::string& body) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_PKEY_CTX* settings = nullptr;
  must(EVP_DigestSignInit(context.get(), &settings, EVP_sha256(), nullptr, key()) == 1);
  must(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1);
  must(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, 32) == 1);
  const auto* octets = reinterpret_cast<const unsigned char*>(body.data());
  std::size_t size = 0;
  must(EVP_DigestSign(context.get(), nullptr, &size, octets, body.size()) == 1);
  std::string made(size, '\0');
  must(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(made.data()), &size, octets,
                      body.size()) == 1);
  made.resize(size);
  return base64(made);
}

std::string Webhooks::hmac(const std::string& body) const {
  const std::string secret = order_.at("hmac");
  const std::string time = std::to_string(std::time(nullptr));
  const std::string text = time + "." + body;
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  must(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
            &size) != nullptr);
  std::string hex;
  for (const unsigned char octet : digest) {
    hex += "0123456789abcdef"[octet >> 4];
    hex += "0123456789abcdef"[octet & 15];
  }
  return "t=" + time + ",v1=" + hex;
}

}  // namespace sandbox
