// SPDX-License-Identifier: Apache-2.0
#include "upstream/control_client.h"

#include <curl/curl.h>
#include <memory>

#include "conf/base/check.h"

namespace larder {
namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) noexcept {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

using Easy = std::unique_ptr<CURL, void (*)(CURL*)>;

Easy request_to(const std::string& socket_path, const std::string& method,
                const std::string& target) {
  Easy easy(curl_easy_init(), curl_easy_cleanup);
  LARDER_CHECK(easy != nullptr);
  const std::string url = "http://larderd" + target;
  curl_easy_setopt(easy.get(), CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  return easy;
}

tl::unexpected<Error> nobody_at(const std::string& socket_path, CURLcode code) {
  return fail(Error::Code::unavailable,
              "no larderd answers on " + socket_path + " (" + curl_easy_strerror(code) +
                  "); is it running, is --socket the path of admin.socket, and may you open it?");
}

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

/// Where the body of an answer goes.
struct Taker {
  CURL* easy;
  const std::function<Result<void>(std::string_view)>& take;
  ControlAnswer answer;
  Result<void> taken;
};

std::size_t hand_over(char* data, std::size_t size, std::size_t count, void* to) noexcept {
  auto& taker = *static_cast<Taker*>(to);
  if (status_of(taker.easy) != 200) return append(data, size, count, &taker.answer.body);
  taker.taken = taker.take(std::string_view(data, size * count));
  return taker.taken ? size * count : CURL_WRITEFUNC_ERROR;
}

}  // namespace

Result<ControlAnswer> ask_daemon(const std::string& socket_path, const std::string& method,
                                 const std::string& target, long timeout_s) {
  const Easy easy = request_to(socket_path, method, target);
  ControlAnswer answer;
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, timeout_s);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer.body);
  const auto code = curl_easy_perform(easy.get());
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return fail(Error::Code::timed_out, "larderd did not answer on " + socket_path +
                                            " in time; it may be overloaded or the purge is large");
  }
  if (code != CURLE_OK) return nobody_at(socket_path, code);
  answer.status = status_of(easy.get());
  return answer;
}

Result<ControlAnswer> stream_from_daemon(
    const std::string& socket_path, const std::string& method, const std::string& target,
    long silence_s, const std::function<Result<void>(std::string_view)>& take) {
  const Easy easy = request_to(socket_path, method, target);
  Taker taker{.easy = easy.get(), .take = take, .answer = {}, .taken = {}};
  curl_easy_setopt(easy.get(), CURLOPT_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(easy.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_LOW_SPEED_TIME, silence_s);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, hand_over);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &taker);
  const auto code = curl_easy_perform(easy.get());
  taker.answer.status = status_of(easy.get());
  if (!taker.taken) return tl::unexpected<Error>(taker.taken.error());
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return fail(Error::Code::timed_out,
                "nothing came from " + socket_path + " for " + std::to_string(silence_s) + " s");
  }
  if (code != CURLE_OK && taker.answer.status == 0) return nobody_at(socket_path, code);
  if (code != CURLE_OK) {
    return fail(Error::Code::unavailable,
                std::string("larderd broke off: ") + curl_easy_strerror(code));
  }
  return std::move(taker.answer);
}

std::string query_value(const std::string& text) {
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free);
  return escaped.get();
}

}  // namespace larder
