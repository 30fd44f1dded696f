// SPDX-License-Identifier: Apache-2.0
#include "upstream/text_fetch.h"

#include <unistd.h>
#include <algorithm>
#include <memory>

#include "conf/base/check.h"
#include "upstream/curl_options.h"

namespace larder {
namespace {

constexpr Milliseconds kMostMs = 10'000;

struct Fetch {
  const UpstreamConfig& config;
  const std::atomic<bool>& stop;
  const Bytes most;
  std::string body = {};
  bool too_large = false;
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  auto& fetch = *static_cast<Fetch*>(self);
  fetch.too_large = fetch.body.size() + size * count > fetch.most;
  if (fetch.too_large) return 0;  // ends the transfer
  fetch.body.append(bytes, size * count);
  return size * count;
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Fetch*>(self)->stop.load(std::memory_order_relaxed) ? 1 : 0;
}

curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  if (!may_connect(static_cast<Fetch*>(self)->config, address->addr)) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void set_options(CURL* easy, Fetch& fetch) {
  const UpstreamConfig& config = fetch.config;
  set_way_options(easy, config);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::min(config.total_timeout_ms, kMostMs)));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &fetch);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &fetch);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &fetch);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // waits for no name server
}

}  // namespace

Result<std::string> fetch_text(const std::string& url, const UpstreamConfig& config, Bytes most,
                               const std::atomic<bool>& stop) {
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), curl_easy_cleanup);
  LARDER_CHECK(easy != nullptr);
  Fetch fetch{.config = config, .stop = stop, .most = most};
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  set_options(easy.get(), fetch);
  const CURLcode code = curl_easy_perform(easy.get());
  if (fetch.too_large) return fail(Error::Code::full, url + " answers with too many bytes");
  if (code != CURLE_OK) {
    return fail(Error::Code::unavailable, url + ": " + curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return fail(Error::Code::unavailable, url + " answers with " + std::to_string(status));
  }
  return std::move(fetch.body);
}

}  // namespace larder
