// SPDX-License-Identifier: Apache-2.0
#include "upstream/address_book.h"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "conf/base/clock.h"
#include "conf/base/log.h"

namespace larder {
namespace {

constexpr std::uint64_t kLookMs = 100;  ///< who has waited long enough?

bool is_ip_literal(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

Endpoint endpoint_of(std::string_view url) {
  Endpoint endpoint;
  endpoint.port = url.starts_with("https:") ? 443 : 80;
  url.remove_prefix(url.find("://") + 3);
  const bool bracketed = url.starts_with('[');
  const std::size_t end = bracketed ? url.find(']') + 1 : std::min(url.find(':'), url.size());
  endpoint.host = bracketed ? url.substr(1, end - 2) : url.substr(0, end);
  if (end < url.size() && url[end] == ':') {
    std::from_chars(url.data() + end + 1, url.data() + url.size(), endpoint.port);
  }
  endpoint.is_literal = bracketed || is_ip_literal(endpoint.host);
  return endpoint;
}

AddressBook::AddressBook(uv_loop_t* loop, std::function<void(const std::string&)> changed)
    : changed_(std::move(changed)),
      timer_(make_timer(loop, this)),
      lookup_(loop, [this](NameAnswer answer) { take(std::move(answer)); }) {}

void AddressBook::ask_if_due(const std::string& host, Seconds ttl_s, bool anew) {
  const auto now = monotonic_now();
  auto& known = hosts_[host];
  if (!known.due(ttl_s, now, anew)) return;
  known.note_asked(now);
  lookup_.start(host);
}

void AddressBook::refresh(const std::string& host, Seconds ttl_s) {
  ask_if_due(host, ttl_s, false);
}

void AddressBook::want(const std::string& host, Seconds ttl_s, AddressWaiter& waiter) {
  ask_if_due(host, ttl_s, true);
  const bool at_once = hosts_[host].usable(ttl_s, monotonic_now());
  waiting_.push_back({&waiter, host, ttl_s});
  if (at_once || uv_is_active(reinterpret_cast<uv_handle_t*>(timer_.get())) == 0) {
    uv_timer_start(timer_.get(), on_timer, at_once ? 0 : kLookMs, kLookMs);
  }
}

void AddressBook::leave(AddressWaiter& waiter) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.waiter == &waiter; });
  if (waiting_.empty()) uv_timer_stop(timer_.get());
}

bool AddressBook::holds(const std::string& host, const std::string& peer) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() || found->second.addresses().empty() || found->second.holds(peer);
}

void AddressBook::on_timer(uv_timer_t* timer) noexcept {
  static_cast<AddressBook*>(timer->data)->tell();
}

void AddressBook::take(NameAnswer answer) {
  const auto now = monotonic_now();
  auto& known = hosts_[answer.name];
  if (!answer.error.empty() && known.error().empty() && !known.addresses().empty()) {
    log(LogLevel::warning, "upstream",
        "the name " + answer.name + " cannot be looked up (" + answer.error +
            "): its last addresses stay in use");
  }
  if (known.note_answer(std::move(answer.addresses), std::move(answer.error), now)) {
    log(LogLevel::info, "upstream",
        "the addresses of " + answer.name + " have changed: connections to others end");
    changed_(answer.name);
  }
  tell();
}

/// A waiter that is told may want addresses again, or leave others.
void AddressBook::tell() {
  const auto now = monotonic_now();
  for (std::size_t i = 0; i < waiting_.size();) {
    const auto& known = hosts_[waiting_[i].host];
    const bool good = known.usable(waiting_[i].ttl_s, now);
    if (!good && known.asking()) {
      ++i;
      continue;
    }
    AddressWaiter* const waiter = waiting_[i].waiter;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    const auto addresses = known.addresses();
    const auto error = known.error();
    waiter->on_addresses(addresses, error);
    i = 0;
  }
  if (waiting_.empty()) uv_timer_stop(timer_.get());
}

}  // namespace larder
