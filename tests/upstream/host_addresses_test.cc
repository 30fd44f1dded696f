// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_addresses.h"

#include <catch2/catch_test_macros.hpp>

#include "upstream/address_book.h"

using larder::HostAddresses;
using larder::MonotonicTime;

TEST_CASE("host addresses: they are looked up again after dns_cache, once at a time",
          "[upstream]") {
  HostAddresses known;
  CHECK(known.due(60, MonotonicTime{0}, true));
  known.note_asked(MonotonicTime{0});
  CHECK_FALSE(known.due(60, MonotonicTime{90'000}, true));
  CHECK_FALSE(known.note_answer({"192.0.2.1"}, "", MonotonicTime{100}));
  CHECK(known.usable(60, MonotonicTime{60'099}));
  CHECK_FALSE(known.due(60, MonotonicTime{60'099}, true));
  CHECK(known.due(60, MonotonicTime{60'100}, true));
  CHECK_FALSE(known.usable(60, MonotonicTime{60'100}));
}

TEST_CASE("host addresses: without a cache each new connection asks, others once a second",
          "[upstream]") {
  HostAddresses known;
  known.note_asked(MonotonicTime{0});
  known.note_answer({"192.0.2.1"}, "", MonotonicTime{0});
  CHECK(known.due(0, MonotonicTime{0}, true));
  CHECK_FALSE(known.due(0, MonotonicTime{999}, false));
  CHECK(known.due(0, MonotonicTime{1'000}, false));
}

TEST_CASE("host addresses: the last good ones stay while the name cannot be looked up",
          "[upstream]") {
  HostAddresses known;
  known.note_asked(MonotonicTime{0});
  known.note_answer({"192.0.2.1", "2001:db8::1"}, "", MonotonicTime{0});
  SECTION("a look-up that fails is tried again a second later") {
    known.note_asked(MonotonicTime{60'000});
    CHECK_FALSE(known.note_answer({}, "no answer", MonotonicTime{60'010}));
    CHECK(known.usable(60, MonotonicTime{60'500}));
    CHECK_FALSE(known.due(60, MonotonicTime{61'009}, true));
    CHECK(known.due(60, MonotonicTime{61'010}, true));
    CHECK(known.addresses().size() == 2);
    CHECK(known.holds("2001:db8::1"));
  }
  SECTION("one that takes long is not waited for") {
    known.note_asked(MonotonicTime{60'000});
    CHECK_FALSE(known.usable(60, MonotonicTime{60'499}));
    CHECK(known.usable(60, MonotonicTime{60'500}));
  }
}

TEST_CASE("host addresses: a change is one by which an address is gone", "[upstream]") {
  HostAddresses known;
  CHECK_FALSE(known.note_answer({"192.0.2.1", "192.0.2.2"}, "", MonotonicTime{0}));
  CHECK_FALSE(known.note_answer({"192.0.2.2", "192.0.2.1"}, "", MonotonicTime{1}));
  CHECK_FALSE(known.note_answer({"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "", MonotonicTime{2}));
  CHECK(known.note_answer({"192.0.2.1", "192.0.2.4"}, "", MonotonicTime{3}));
  CHECK_FALSE(known.holds("192.0.2.2"));
}

TEST_CASE("address book: the endpoint of a base URL", "[upstream]") {
  struct Case {
    const char* url;
    const char* host;
    unsigned port;
    bool literal;
  };
  for (const Case& c : {Case{"https://cdn.test", "cdn.test", 443, false},
                        Case{"http://cdn.test", "cdn.test", 80, false},
                        Case{"https://cdn.test:8443", "cdn.test", 8443, false},
                        Case{"http://127.0.0.1:8080", "127.0.0.1", 8080, true},
                        Case{"https://[2001:db8::1]", "2001:db8::1", 443, true},
                        Case{"https://[::1]:99", "::1", 99, true},
                        Case{"socks5h://proxy:1080", "proxy", 1080, false}}) {
    CAPTURE(c.url);
    const auto endpoint = larder::endpoint_of(c.url);
    CHECK(endpoint.host == c.host);
    CHECK(endpoint.port == c.port);
    CHECK(endpoint.is_literal == c.literal);
  }
}
