#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How the files beside this one were made, by the openssl command line. Their private keys are gone.
set -eu
cd "$(dirname "$0")"
sign() { # KEY BODY SALT DIGEST: RSASSA-PSS, as Base64 on one line
  openssl dgst "-$4" -sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$3" -sigopt "rsa_mgf1_md:$4" \
    -sign "$1" "$2" | openssl base64 -A
}
openssl genrsa -out private.pem 2048
openssl genrsa -out other_private.pem 2048
openssl genrsa -out short_private.pem 1024
openssl rsa -in private.pem -pubout -out public.pem                    # "PUBLIC KEY"
openssl rsa -in private.pem -RSAPublicKey_out -out public_pkcs1.pem    # "RSA PUBLIC KEY"
openssl rsa -in other_private.pem -RSAPublicKey_out -out other_public.pem
openssl rsa -in short_private.pem -pubout -out short_public.pem
openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -out curve_public.pem
# compact.json is spaced.json as JSON.stringify() writes it.
sign private.pem compact.json 32 sha256 > compact.sig
sign private.pem spaced.json 32 sha256 > spaced.sig
sign other_private.pem compact.json 32 sha256 > other.sig
sign private.pem compact.json 20 sha256 > salt20.sig
sign private.pem compact.json 32 sha1 > sha1.sig
openssl dgst -sha256 -sign private.pem compact.json | openssl base64 -A > pkcs1v15.sig
# The secret is `larder-hmac-secret`, the time 1700000000.
{ printf '1700000000.'; cat compact.json; } | openssl dgst -sha256 -hmac larder-hmac-secret -r | cut -c-64 > compact.hmac
rm private.pem other_private.pem short_private.pem
