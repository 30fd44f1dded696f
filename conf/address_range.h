// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace larder {

/// Is this IP address (4 or 16 octets in network order) one that the public internet does not lead
/// to: loopback, private, link-local, shared, multicast, reserved, for documentation or tests? IPv6
/// addresses that carry an IPv4 address (mapped, compatible, NAT64, 6to4) are judged by it.
/// Anything of another length is. Pure.
bool is_private_address(std::span<const std::uint8_t> octets);

}  // namespace larder
