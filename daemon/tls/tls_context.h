// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"
#include "daemon/tls/ticket_keys.h"

namespace larder {

/// A TicketKeys whose keys come from OpenSSL's generator.
std::shared_ptr<TicketKeys> make_ticket_keys(const TlsConfig& config);

/// What the TLS side of a listener is: its certificates, and OpenSSL's settings. Never changed once
/// made; all workers share it, and each session keeps the one that it began with.
class TlsContext {
 public:
  /// Reads the files; blocks. The Error's context is "WHAT; REMEDY" and names the file.
  static Result<std::shared_ptr<const TlsContext>> make(const std::vector<TlsFiles>& files,
                                                        const std::shared_ptr<TicketKeys>& keys,
                                                        const TlsConfig& config, WallTime now);

  /// For a new session.
  SSL_CTX* get() const { return contexts_.front().context.get(); }
  /// The one with a certificate for the server name that a client asks for; else the first.
  SSL_CTX* of_name(const std::string& name) const;

  struct Identity {
    std::string file;
    WallTime not_after;
    std::string digest;  ///< of the certificate
  };
  std::vector<Identity> identities() const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct One {
    std::shared_ptr<SSL_CTX> context;
    Identity identity;
  };
  std::vector<One> contexts_;
  std::shared_ptr<TicketKeys> keys_;
  std::vector<std::string> warnings_;
};

/// The contexts of all listeners, by their files. Never changed once made.
struct TlsContexts {
  std::map<std::vector<TlsFiles>, std::shared_ptr<const TlsContext>> of_files;

  std::shared_ptr<const TlsContext> of(const ListenerConfig& listener) const {
    const auto found = of_files.find(listener.tls);
    return found == of_files.end() ? nullptr : found->second;
  }
};

using TlsContextsPtr = std::shared_ptr<const TlsContexts>;

}  // namespace larder
