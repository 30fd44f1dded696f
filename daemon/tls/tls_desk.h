// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conf/config.h"
#include "daemon/tls/tls_context.h"

namespace larder {

/// What reading the files of all TLS listeners again came to: sentences for people.
struct CertificateReload {
  std::vector<std::string> renewed;   ///< another one than before
  std::vector<std::string> mistakes;  ///< of listeners that keep what they have
};

/// Reads certificates and keys, at the start and with each reload, and keeps the keys of session
/// tickets over reloads. Main thread only; reading blocks it.
class TlsDesk {
 public:
  /// Throws StartupError that names the file and the remedy.
  explicit TlsDesk(const Config& config);

  const TlsContextsPtr& contexts() const { return contexts_; }
  /// Reads all files again. A listener with a file that is wrong keeps what it has, and the log
  /// says so.
  CertificateReload reload();
  /// When certificates expire, as Prometheus text.
  std::string metrics_text() const;

 private:
  const std::vector<ListenerConfig> listeners_;  ///< those with TLS
  const TlsConfig config_;
  const std::shared_ptr<TicketKeys> keys_;
  TlsContextsPtr contexts_;
};

}  // namespace larder
