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

}  // namespace

Result<ControlAnswer> ask_daemon(const std::string& socket_path, const std::string& method,
                                 const std::string& target, long timeout_s) {
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), curl_easy_cleanup);
  LARDER_CHECK(easy != nullptr);
  ControlAnswer answer;
  const std::string url = "http://larderd" + target;
  curl_easy_setopt(easy.get(), CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, timeout_s);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer.body);
  const auto code = curl_easy_perform(easy.get());
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return fail(Error::Code::timed_out, "larderd did not answer on " + socket_path +
                                            " in time; it may be overloaded or the purge is large");
  }
  if (code != CURLE_OK) {
    return fail(Error::Code::unavailable,
                "no larderd answers on " + socket_path + " (" + curl_easy_strerror(code) +
                    "); is it running, is --socket the path of admin.socket, and may you open it?");
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

std::string query_value(const std::string& text) {
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free);
  return escaped.get();
}

}  // namespace larder
