// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/key_fetch.h"

#include <system_error>
#include <utility>

#include "conf/base/thread_role.h"
#include "upstream/text_fetch.h"

namespace larder {
namespace {

constexpr std::int64_t kEveryMs = 60'000;
constexpr Bytes kMaxBytes = 64u << 10;

KeyFetch::Keys fetch_keys(const std::string& url, const UpstreamConfig& config,
                          const std::atomic<bool>& stop) {
  const auto text = fetch_text(url, config, kMaxBytes, stop);
  if (!text) return tl::unexpected<Error>(text.error());
  auto keys = SigningKey::parse(*text);
  if (!keys) return fail(keys.error().code, url + " " + keys.error().context);
  return keys;
}

}  // namespace

KeyFetch::KeyFetch(uv_loop_t* loop, Taken taken)
    : taken_(std::move(taken)), mailbox_(std::make_shared<Mailbox<Fetched>>(loop, this)) {}

KeyFetch::~KeyFetch() {
  close();
}

void KeyFetch::want(SettingsPtr settings, MonotonicTime now) {
  const std::string& url = settings->config.webhook.public_key_url;
  const bool again = url == url_ && now.ms - began_.ms < kEveryMs;
  if (running_ || again || url.empty()) return;
  if (thread_.joinable()) thread_.join();  // it has posted what it fetched
  url_ = url;
  began_ = now;
  running_ = true;
  try {
    thread_ = std::thread([this, settings = std::move(settings)] {
      begin_thread("key_fetch", Urgency::patient);
      const std::string& from = settings->config.webhook.public_key_url;
      mailbox_->post({from, fetch_keys(from, settings->config.upstream, stop_)});
    });
  } catch (const std::system_error&) {
    mailbox_->post({url_, fail(Error::Code::io, "no thread can be started to fetch " + url_)});
  }
}

void KeyFetch::close() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
  mailbox_->close();
}

void KeyFetch::on_mail(std::vector<Fetched>& mail) {
  for (Fetched& fetched : mail) {
    running_ = false;
    taken_(fetched.url, std::move(fetched.keys));
  }
}

}  // namespace larder
