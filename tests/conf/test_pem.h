// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "conf/base/clock.h"

/// Certificates and keys of tests, and a folder for them.
namespace larder::test_pem {

constexpr std::int64_t kDayMs = 86'400'000;
/// Certificates are valid from a day before it until 100 days after it.
constexpr WallTime kNow{1'800'000'000'000};

inline std::string text_of(BIO* bio) {
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

inline Pem make_pem() {
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
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("larder-tls-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string path = path_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace larder::test_pem
