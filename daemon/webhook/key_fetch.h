// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "conf/base/clock.h"
#include "conf/settings.h"
#include "conf/signing_key.h"
#include "upstream/loop/mailbox.h"

namespace larder {

/// Fetches the CMS's public keys from webhook.public_key_url, on a thread of its own, once a minute
/// at most: whoever sends wrong signatures can cause no more. On the loop's thread.
class KeyFetch {
 public:
  using Keys = Result<std::vector<SigningKey>>;
  using Taken = std::function<void(const std::string& url, Keys keys)>;

  /// `taken` is called from the loop.
  KeyFetch(uv_loop_t* loop, Taken taken);
  ~KeyFetch();
  KeyFetch(const KeyFetch&) = delete;
  KeyFetch& operator=(const KeyFetch&) = delete;

  /// Starts, unless one is under way or the last one of the same URL began less than a minute ago.
  void want(SettingsPtr settings, MonotonicTime now);
  /// Waits for what is under way, a second at most; nothing is delivered from here on.
  void close();

  struct Fetched {
    std::string url;
    Keys keys;
  };
  void on_mail(std::vector<Fetched>& mail);

 private:
  const Taken taken_;
  std::shared_ptr<Mailbox<Fetched>> mailbox_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::string url_;      ///< of the last fetch
  MonotonicTime began_;  ///< of that
  bool running_ = false;
};

}  // namespace larder
