// SPDX-License-Identifier: Apache-2.0
#include "conf/tls_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>

using namespace larder;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
/// Certificates are valid from a day before it until 100 days after it.
constexpr WallTime kNow{1'800'000'000'000};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

struct Pem {
  std::string certificate;
  std::string key;
  std::string locked_key;  ///< with a passphrase
};

Pem make_pem() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_TIME_set(X509_getm_notBefore(certificate), (kNow.ms - kDayMs) / 1'000);
  ASN1_TIME_set(X509_getm_notAfter(certificate), (kNow.ms + 100 * kDayMs) / 1'000);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_out, certificate);
  BIO* key_out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr);
  BIO* locked_out = BIO_new(BIO_s_mem());
  unsigned char word[] = "word";
  PEM_write_bio_PrivateKey(locked_out, key, EVP_aes_256_cbc(), word, 4, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_out), text_of(key_out), text_of(locked_out)};
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("larder-tls-" + std::to_string(::getpid()))) {
    fs::create_directory(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string path = path_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

 private:
  fs::path path_;
};

}  // namespace

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
