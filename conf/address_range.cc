// SPDX-License-Identifier: Apache-2.0
#include "conf/address_range.h"

#include <algorithm>
#include <array>

namespace larder {
namespace {

template <std::size_t Octets>
struct Range {
  std::array<std::uint8_t, Octets> prefix;
  unsigned bits;
};

/// The IANA special-purpose registry (RFC 6890), what is not globally reachable.
constexpr Range<4> kPrivateV4[] = {
    {{0}, 8},              // this network
    {{10}, 8},             // private
    {{100, 64}, 10},       // shared by carriers
    {{127}, 8},            // loopback
    {{169, 254}, 16},      // link-local
    {{172, 16}, 12},       // private
    {{192, 0, 0}, 24},     // protocol assignments
    {{192, 0, 2}, 24},     // documentation
    {{192, 168}, 16},      // private
    {{198, 18}, 15},       // benchmarks
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 4},            // multicast
    {{240}, 4},            // reserved, and broadcast
};

constexpr Range<16> kPrivateV6[] = {
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48},  // NAT64 of a network's own
    {{0x01, 0x00}, 64},                          // discarded
    {{0x20, 0x01, 0x0d, 0xb8}, 32},              // documentation
    {{0xfc}, 7},                                 // private
    {{0xfe, 0x80}, 10},                          // link-local
    {{0xfe, 0xc0}, 10},                          // site-local
    {{0xff}, 8},                                 // multicast
};

struct Embedding {
  Range<16> range;
  std::size_t at;  ///< of the IPv4 address
};

constexpr Embedding kEmbeddings[] = {
    {{{}, 96}, 12},                                                // compatible; also :: and ::1
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, 12},        // mapped
    {{{0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 96}, 12},  // NAT64
    {{{0x20, 0x02}, 16}, 2},                                       // 6to4
};

template <std::size_t Octets>
bool is_in(std::span<const std::uint8_t> octets, const Range<Octets>& range) {
  const auto whole = range.bits / 8;
  if (!std::equal(octets.begin(), octets.begin() + whole, range.prefix.begin())) return false;
  const auto rest = range.bits % 8;
  return rest == 0 || (octets[whole] ^ range.prefix[whole]) >> (8 - rest) == 0;
}

template <std::size_t Octets, std::size_t Count>
bool is_in_any(std::span<const std::uint8_t> octets, const Range<Octets> (&ranges)[Count]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range<Octets>& range) { return is_in(octets, range); });
}

}  // namespace

bool is_private_address(std::span<const std::uint8_t> octets) {
  if (octets.size() == 4) return is_in_any(octets, kPrivateV4);
  if (octets.size() != 16 || is_in_any(octets, kPrivateV6)) return true;
  return std::any_of(std::begin(kEmbeddings), std::end(kEmbeddings), [&](const Embedding& it) {
    return is_in(octets, it.range) && is_private_address(octets.subspan(it.at, 4));
  });
}

}  // namespace larder
