// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_error.h"

namespace larder {

const char* name_of(OriginCause cause) {
  switch (cause) {
    case OriginCause::dns:
      return "dns";
    case OriginCause::private_address:
      return "private-address";
    case OriginCause::proxy:
      return "proxy";
    case OriginCause::connect:
      return "connect";
    case OriginCause::tls:
      return "tls";
    case OriginCause::timed_out:
      return "timeout";
    case OriginCause::broken:
      return "broken-connection";
    case OriginCause::protocol:
      return "protocol";
    case OriginCause::too_large:
      return "too-large";
    case OriginCause::server_error:
      return "server-error";
    case OriginCause::not_the_api:
      return "not-the-api";
    case OriginCause::rate_limited:
      return "rate-limited";
    case OriginCause::host_open:
      return "host-open";
    case OriginCause::outdated:
      return "outdated";
    case OriginCause::overload:
      return "overload";
  }
  return "?";
}

bool is_failure_of_host(OriginCause cause) {
  switch (cause) {
    case OriginCause::too_large:
    case OriginCause::rate_limited:
    case OriginCause::host_open:
    case OriginCause::outdated:
    case OriginCause::overload:
      return false;
    default:
      return true;
  }
}

std::string_view remedy_for(OriginCause cause) {
  switch (cause) {
    case OriginCause::dns:
      return "check the host's name in the configuration and this machine's name servers";
    case OriginCause::proxy:
      return "check the proxy of the configuration";
    case OriginCause::connect:
      return "check that the host listens and that no firewall is between";
    case OriginCause::tls:
      return "check the host's certificate, this machine's clock and ca_file in [upstream]";
    default:
      return "";
  }
}

}  // namespace larder
