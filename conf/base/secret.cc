// SPDX-License-Identifier: Apache-2.0
#include "conf/base/secret.h"

#include <openssl/crypto.h>

namespace larder {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    std::string copy = other.text_;
    wipe();
    text_ = std::move(copy);
  }
  return *this;
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  other.wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

bool Secret::equals(std::string_view other) const {
  return text_.size() == other.size() &&
         CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

// A short string lies inside the std::string object, and moving from it leaves the bytes there
// behind a length of 0: so the whole capacity is wiped. Growing to the capacity never allocates.
void Secret::wipe() {
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

}  // namespace larder
