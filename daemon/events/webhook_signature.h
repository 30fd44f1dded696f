// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "conf/base/clock.h"
#include "conf/base/secret.h"
#include "conf/config.h"
#include "conf/signing_key.h"

/// The two signatures that the CMS can put on a webhook. Pure.
namespace larder {

/// `X-Contentstack-Request-Signature: v1=BASE64[,v1=BASE64]`: has one of the keys signed the body?
/// As it came, or in its compact form, for the CMS may have signed what it serialised before a
/// proxy wrote it anew. Both forms mean the same.
bool is_signed(std::string_view header, std::string_view body, std::span<const SigningKey> keys);

enum class HmacVerdict {
  right,
  wrong,
  out_of_time,  ///< it is right, and was made longer ago than the window, or so far ahead
};

/// `x-contentstack-hmac-signature: t=SECONDS,v1=HEX[,v1=HEX]`, HMAC-SHA256 over `SECONDS.BODY`: any
/// of them made with any of the secrets. All are compared, whichever is right.
HmacVerdict check_hmac(std::string_view header, std::string_view body,
                       std::span<const Secret> secrets, WallTime now, Seconds window);

}  // namespace larder
