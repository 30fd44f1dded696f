// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_desk.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "conf/address.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"
#include "conf/base/utc_text.h"
#include "daemon/watch/exposition.h"

namespace larder {
namespace {

std::vector<ListenerConfig> with_tls(const std::vector<ListenerConfig>& listeners) {
  std::vector<ListenerConfig> some;
  std::copy_if(listeners.begin(), listeners.end(), std::back_inserter(some),
               [](const ListenerConfig& listener) { return !listener.tls.empty(); });
  return some;
}

/// Each file once.
std::map<std::string, TlsContext::Identity> identities_of(const TlsContexts& contexts) {
  std::map<std::string, TlsContext::Identity> all;
  for (const auto& [files, context] : contexts.of_files) {
    for (const auto& identity : context->identities()) all[identity.file] = identity;
  }
  return all;
}

}  // namespace

TlsDesk::TlsDesk(const Config& config)
    : listeners_(with_tls(config.listeners)),
      config_(config.tls),
      keys_(make_ticket_keys(config.tls)) {
  auto made = std::make_shared<TlsContexts>();
  for (const ListenerConfig& listener : listeners_) {
    auto context = TlsContext::make(listener.tls, keys_, config_, wall_now());
    if (!context) {
      throw StartupError("TLS on " + address_text(listener.address) + ": " +
                         context.error().context);
    }
    made->of_files[listener.tls] = *std::move(context);
  }
  contexts_ = std::move(made);
}

CertificateReload TlsDesk::reload() {
  CertificateReload done;
  auto next = std::make_shared<TlsContexts>(*contexts_);
  for (const ListenerConfig& listener : listeners_) {
    auto context = TlsContext::make(listener.tls, keys_, config_, wall_now());
    if (!context) {
      done.mistakes.push_back(address_text(listener.address) +
                              " keeps its certificates: " + context.error().context);
      log(LogLevel::warning, "tls", done.mistakes.back());
      continue;
    }
    for (const std::string& warning : (*context)->warnings()) {
      log(LogLevel::warning, "tls", warning);
    }
    next->of_files[listener.tls] = *std::move(context);
  }
  const auto before = identities_of(*contexts_);
  for (const auto& [file, identity] : identities_of(*next)) {
    if (before.at(file).digest == identity.digest) continue;
    done.renewed.push_back(file + " was renewed: it expires at " + utc_text(identity.not_after));
    log(LogLevel::info, "tls", done.renewed.back());
  }
  contexts_ = std::move(next);
  return done;
}

std::string TlsDesk::metrics_text() const {
  if (listeners_.empty()) return {};
  Exposition out;
  out.family("larder_tls_certificate_expiry_timestamp_seconds", "gauge",
             "When the certificate that is in use expires, in seconds since 1970.");
  for (const auto& [file, identity] : identities_of(*contexts_)) {
    out.sample(label("file", file), static_cast<std::uint64_t>(identity.not_after.ms / 1'000));
  }
  return out.take();
}

}  // namespace larder
