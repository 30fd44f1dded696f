// SPDX-License-Identifier: Apache-2.0
#include "conf/tls_certificate.h"

#include <sys/stat.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>

#include "tests/conf/test_pem.h"

using namespace larder;
using namespace larder::test_pem;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("TLS certificate: a chain and its key are read, without a warning", "[conf]") {
  const Folder folder;
  const Pem pem = make_pem();
  const TlsFiles files{folder.write("a.pem", pem.certificate + make_pem().certificate),
                       folder.write("a.key", pem.key)};
  const auto loaded = load_tls_certificate(files, kNow);
  REQUIRE(loaded);
  CHECK(loaded->chain.size() == 1);
  CHECK(loaded->not_after.ms == kNow.ms + 100 * kDayMs);
  CHECK(loaded->warnings.empty());
}

TEST_CASE("TLS certificate: what is wrong is told with its file and a remedy", "[conf]") {
  const Folder folder;
  const Pem pem = make_pem();
  const std::string broken =
      pem.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  struct Case {
    const char* what;
    std::string certificate;
    std::string key;
    std::int64_t days;
    const char* expected;
  };
  const auto c = GENERATE_COPY(values<Case>({
      {"no certificate", "hello", pem.key, 0, "a.pem begins with no certificate in PEM form; give"},
      {"empty", "", pem.key, 0, "a.pem begins with no certificate"},
      {"the key first", pem.key, pem.key, 0, "a.pem begins with no certificate"},
      {"a broken chain", broken, pem.key, 0, "a.pem holds a broken certificate behind the first"},
      {"no key", pem.certificate, "hello", 0, "a.key holds no private key in PEM form; give"},
      {"a certificate as key", pem.certificate, pem.certificate, 0, "a.key holds no private key"},
      {"a passphrase", pem.certificate, pem.locked_key, 0, "a.key has a passphrase; write the key"},
      {"another key", pem.certificate, make_pem().key, 0, "a.key is not that of "},
      {"expired", pem.certificate, pem.key, 100, "a.pem has expired, at 2027-"},
      {"too early", pem.certificate, pem.key, -2, "a.pem is valid only from 2027-"},
  }));
  CAPTURE(c.what);
  const TlsFiles files{folder.write("a.pem", c.certificate), folder.write("a.key", c.key)};
  const auto loaded = load_tls_certificate(files, {kNow.ms + c.days * kDayMs});
  REQUIRE_FALSE(loaded);
  CHECK_THAT(loaded.error().context, ContainsSubstring(c.expected));
  CHECK_THAT(loaded.error().context, ContainsSubstring("; "));
}

TEST_CASE("TLS certificate: a file that is not there is named", "[conf]") {
  const auto loaded = load_tls_certificate({"/none/a.pem", "/none/a.key"}, kNow);
  REQUIRE_FALSE(loaded);
  CHECK_THAT(loaded.error().context, ContainsSubstring("/none/a.pem does not exist; "));
}

TEST_CASE("TLS certificate: what expires soon, and an open key, warn", "[conf]") {
  const Folder folder;
  const Pem pem = make_pem();
  const std::string certificate = folder.write("a.pem", pem.certificate);
  const WallTime late{kNow.ms + 90 * kDayMs};
  const auto soon = load_tls_certificate({certificate, folder.write("a.key", pem.key)}, late);
  REQUIRE(soon);
  REQUIRE(soon->warnings.size() == 1);
  CHECK_THAT(soon->warnings[0], ContainsSubstring("a.pem expires in 10 days"));
  const mode_t mode = GENERATE(0644, 0640);
  const auto open = load_tls_certificate({certificate, folder.write("a.key", pem.key, mode)}, kNow);
  REQUIRE(open);
  REQUIRE(open->warnings.empty() == (mode == 0640));
  if (mode == 0644) CHECK_THAT(open->warnings[0], ContainsSubstring("may read the private key"));
}
