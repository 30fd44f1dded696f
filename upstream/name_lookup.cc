// SPDX-License-Identifier: Apache-2.0
#include "upstream/name_lookup.h"

#include <netdb.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <utility>

#include "conf/base/thread_role.h"

namespace larder {
namespace {

/// May take as long as the resolver likes.
NameAnswer look_up(std::string name) {
  NameAnswer answer{std::move(name), {}, {}};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(answer.name.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    answer.error = ::gai_strerror(code);
    return answer;
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    std::string address(text.data());
    auto& all = answer.addresses;
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(std::move(address));
  }
  ::freeaddrinfo(found);
  if (answer.addresses.empty()) answer.error = "the name has no address";
  return answer;
}

}  // namespace

NameLookup::NameLookup(uv_loop_t* loop, Taken taken)
    : taken_(std::move(taken)), mailbox_(std::make_shared<Mailbox<NameAnswer>>(loop, this)) {}

NameLookup::~NameLookup() {
  mailbox_->close();
}

void NameLookup::start(const std::string& name) {
  try {
    std::thread([name, mailbox = mailbox_] {
      begin_thread("lookup", Urgency::patient);
      mailbox->post(look_up(name));
    }).detach();
  } catch (const std::system_error&) {
    mailbox_->post({name, {}, "no thread can be started to look the name up"});
  }
}

void NameLookup::on_mail(std::vector<NameAnswer>& answers) {
  for (auto& answer : answers) taken_(std::move(answer));
}

}  // namespace larder
