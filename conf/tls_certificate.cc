// SPDX-License-Identifier: Apache-2.0
#include "conf/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <time.h>  // timegm

#include <algorithm>
#include <set>
#include <utility>

#include "conf/base/private_file.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;
constexpr std::size_t kMaxChain = 16;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kSoonDays = 14;
constexpr const char* kCertificateRemedy =
    "; give a PEM file with the server's certificate first, then those that it is signed by";
constexpr const char* kKeyRemedy = "; give the PEM file of the certificate's private key";

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio bio_of(const std::string& bytes) {
  return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free};
}

/// A key with a passphrase is refused: nobody is there to type it.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

std::shared_ptr<X509> read_certificate(BIO* from) {
  X509* certificate = PEM_read_bio_X509(from, nullptr, no_passphrase, nullptr);
  return certificate == nullptr ? nullptr : std::shared_ptr<X509>(certificate, X509_free);
}

WallTime time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {static_cast<std::int64_t>(::timegm(&parts)) * 1'000};
}

Result<void> read_certificates(const std::string& path, TlsCertificate& into) {
  const auto content = read_regular_file(path, kMaxFileBytes);
  if (!content) return tl::unexpected<Error>(content.error());
  const Bio bio = bio_of(content->bytes);
  into.certificate = read_certificate(bio.get());
  if (into.certificate == nullptr) {
    ERR_clear_error();
    return fail(Error::Code::invalid,
                path + " begins with no certificate in PEM form" + kCertificateRemedy);
  }
  while (auto next = read_certificate(bio.get())) {
    if (into.chain.size() == kMaxChain) {
      return fail(Error::Code::invalid, path +
                                            " holds more than 17 certificates; give the chain of "
                                            "one server's certificate");
    }
    into.chain.push_back(std::move(next));
  }
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) return {};
  return fail(Error::Code::corrupt,
              path + " holds a broken certificate behind the first one" + kCertificateRemedy);
}

Result<void> check_times(const std::string& path, WallTime now, TlsCertificate& of) {
  of.not_after = time_of(X509_get0_notAfter(of.certificate.get()));
  const WallTime not_before = time_of(X509_get0_notBefore(of.certificate.get()));
  if (of.not_after <= now) {
    return fail(Error::Code::invalid,
                path + " has expired, at " + utc_text(of.not_after) + "; renew the certificate");
  }
  if (not_before > now) {
    return fail(Error::Code::invalid, path + " is valid only from " + utc_text(not_before) +
                                          " on; give one that is valid now, or set the clock");
  }
  const std::int64_t days = (of.not_after.ms - now.ms) / kDayMs;
  if (days < kSoonDays) {
    of.warnings.push_back(path + " expires in " + std::to_string(days) + " days, at " +
                          utc_text(of.not_after) + ": renew it, then reload larderd (SIGHUP)");
  }
  return {};
}

Result<void> read_key(const std::string& path, TlsCertificate& into) {
  auto content = read_regular_file(path, kMaxFileBytes);
  if (!content) return tl::unexpected<Error>(content.error());
  const Bio bio = bio_of(content->bytes);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  const bool encrypted = content->bytes.find("ENCRYPTED") != std::string::npos;
  OPENSSL_cleanse(content->bytes.data(), content->bytes.size());
  ERR_clear_error();
  if (key == nullptr && encrypted) {
    return fail(
        Error::Code::invalid,
        path + " has a passphrase; write the key without one: openssl pkey -in OLD -out NEW");
  }
  if (key == nullptr) {
    return fail(Error::Code::invalid, path + " holds no private key in PEM form" + kKeyRemedy);
  }
  into.key = {key, EVP_PKEY_free};
  if ((content->status.st_mode & S_IRWXO) != 0) {
    into.warnings.push_back("every local user may read the private key " + path +
                            ": chmod o= " + path);
  }
  return {};
}

/// Each pair of files once.
std::set<TlsFiles> all_files(const Config& config) {
  std::set<TlsFiles> all;
  for (const ListenerConfig& listener : config.listeners) {
    all.insert(listener.tls.begin(), listener.tls.end());
  }
  return all;
}

}  // namespace

Result<TlsCertificate> load_tls_certificate(const TlsFiles& files, WallTime now) {
  TlsCertificate loaded;
  ERR_clear_error();
  auto done = read_certificates(files.certificate, loaded);
  if (done) done = check_times(files.certificate, now, loaded);
  if (done) done = read_key(files.key, loaded);
  if (!done) return tl::unexpected<Error>(done.error());
  if (X509_check_private_key(loaded.certificate.get(), loaded.key.get()) != 1) {
    ERR_clear_error();
    return fail(Error::Code::invalid, "the private key " + files.key + " is not that of " +
                                          files.certificate + "; give both of one certificate");
  }
  return loaded;
}

std::vector<Mistake> check_tls_files(const Config& config, WallTime now) {
  std::vector<Mistake> mistakes;
  for (const TlsFiles& files : all_files(config)) {
    const auto loaded = load_tls_certificate(files, now);
    if (loaded) continue;
    const std::string& why = loaded.error().context;
    const std::size_t end = why.find("; ");
    mistakes.push_back({0, "listener.tls: " + why.substr(0, end),
                        end == std::string::npos ? "correct the file" : why.substr(end + 2),
                        "listener.tls.certificate", files.certificate});
  }
  return mistakes;
}

std::vector<std::string> tls_keys_of_root_alone(const Config& config) {
  std::vector<std::string> warnings;
  for (const TlsFiles& files : all_files(config)) {
    struct stat status {};
    if (::stat(files.key.c_str(), &status) != 0 || status.st_uid != 0) continue;
    if ((status.st_mode & (S_IRGRP | S_IROTH)) != 0) continue;
    warnings.push_back("only root can read the private key " + files.key +
                       "; a service with a user of its own (DynamicUser=) cannot: let a group read "
                       "it (chgrp, chmod 0640), and give the service that group "
                       "(SupplementaryGroups=)");
  }
  return warnings;
}

std::vector<std::string> tls_warnings_of(const Config& config, WallTime now) {
  std::vector<std::string> warnings;
  for (const TlsFiles& files : all_files(config)) {
    const auto loaded = load_tls_certificate(files, now);
    if (!loaded) continue;
    warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
  }
  return warnings;
}

}  // namespace larder
