// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "conf/config.h"

namespace larder {

/// Why an origin gave no answer that larder can use. The words of name_of() are stable: operators
/// count by them in Cache-Status and metrics.
enum class OriginCause : std::uint8_t {
  dns,              ///< its name has no address
  private_address,  ///< its address is private, and that is not allowed
  proxy,            ///< the proxy was not reached, or refused
  connect,          ///< it takes no connection
  tls,              ///< its certificate, or the handshake
  timed_out,        ///< a time limit of the configuration has passed
  broken,           ///< the connection ended before the answer did
  protocol,         ///< what came is not the HTTP that larder takes
  too_large,        ///< the answer is beyond a bound of the configuration
  server_error,     ///< it answered with 5xx
  not_the_api,      ///< it answered in HTML, as an edge or a maintenance page does
  rate_limited,     ///< it has said when it may be asked again: nobody asks until then
  host_open,        ///< it has failed too often: it is asked by probes only
  outdated,         ///< a cache before it answers with content of before a change
  overload,         ///< a bound of larder's own, for this origin, is reached
};
inline constexpr std::size_t kOriginCauses = static_cast<std::size_t>(OriginCause::overload) + 1;

/// Static text, lower case with hyphens.
const char* name_of(OriginCause cause);

/// Is the host to blame? False for larder's own bounds and for what was not sent at all.
bool is_failure_of_host(OriginCause cause);

/// What the operator can do about it; empty where the words of the error say it.
std::string_view remedy_for(OriginCause cause);

/// How a transfer failed, or why it was not started.
struct OriginError {
  OriginCause cause = OriginCause::broken;
  std::string context;        ///< names the origin and what happened; never holds a token
  Seconds retry_after_s = 0;  ///< when to ask again; 0 = not known
};

}  // namespace larder
