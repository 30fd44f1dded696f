// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <sys/socket.h>

#include "conf/config.h"

/// What holds for every connection that libcurl makes for larder.
namespace larder {

/// Protocols, TLS, and the proxy. `config` outlives `easy`.
void set_way_options(CURL* easy, const UpstreamConfig& config);

/// No origin lives at a private address unless the operator says so, but a poisoned DNS answer may
/// point there. With a proxy it is the proxy's address, which the operator has chosen.
bool may_connect(const UpstreamConfig& config, const sockaddr& address);

}  // namespace larder
