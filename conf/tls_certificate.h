// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"
#include "conf/mistake.h"

namespace larder {

/// A server's certificate and its private key. The key is in memory only, and in no text.
struct TlsCertificate {
  std::shared_ptr<X509> certificate;
  std::vector<std::shared_ptr<X509>> chain;  ///< those that it is signed by, nearest first
  std::shared_ptr<EVP_PKEY> key;
  WallTime not_after{};
  std::vector<std::string> warnings;  ///< what works but should be mended soon
};

/// Reads and checks both files: PEM, the key fits the certificate, valid at `now`. Blocks. The
/// Error's context is "WHAT; REMEDY" and names the file.
Result<TlsCertificate> load_tls_certificate(const TlsFiles& files, WallTime now);

/// The same for all listeners, for --check and the log.
std::vector<Mistake> check_tls_files(const Config& config, WallTime now);
std::vector<std::string> tls_warnings_of(const Config& config, WallTime now);

/// Keys that a start as root can read, and larderd.service cannot: a text for each.
std::vector<std::string> tls_keys_of_root_alone(const Config& config);

}  // namespace larder
