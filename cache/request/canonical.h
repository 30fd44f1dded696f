// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cache/request/classify.h"

/// The canonical request, of which the key is made. The upstream request is built from the same
/// struct (upstream/origin_request.h): what is keyed is what is sent.
namespace larder {

/// One way of saying a request. Strings keep their capacity from request to request.
struct CanonicalRequest {
  std::string path;          ///< no trailing slash, escapes unified
  std::string query;         ///< sorted by name (stable), re-encoded one way, without environment,
                             ///< credentials, empty pairs and empty preview selectors
  std::string variants;      ///< x-cs-variant-uid, blanks around commas trimmed, order kept
  std::string early_access;  ///< x-header-ea, blanks trimmed, sorted
  std::string forwarded;  ///< keyed headers the operator added: `name: value\r\n` sorted by name,
                          ///< lower-case names
  Representation representation = Representation::identity;
  Kind kind = Kind::entry;
  bool send_environment = true;  ///< false only for sync continuations whose client did not send it
};

/// Fills `out` from a request of Route::cached or Route::pass. `forward` = names of
/// UpstreamConfig::forward_headers, lower case. Errors: 400 for bad escapes (after classify() none
/// are left) — never a partial result.
void canonicalise(const RequestFields& fields, const RequestView& request,
                  const std::vector<std::string>& forward, CanonicalRequest& out);

/// The bytes that must be equal for two requests to share an answer (besides the scope's MAC):
/// length-prefixed components (u32 little endian, then the bytes), first those of the URL (path,
/// query), then those of the variant. Appended to `out` after clearing it.
/// Returns the length of the URL part.
std::size_t write_canonical_bytes(const CanonicalRequest& request, std::string& out);
/// Such bytes as a request, but for its kind. False = they are cut short.
bool read_canonical_bytes(std::string_view bytes, CanonicalRequest& out);
/// The path in such bytes; "" where they are cut short.
std::string_view path_in_canonical_bytes(std::string_view bytes);

/// Is a canonical path `parent`, or below it? Whole segments count: `/v3/a` takes `/v3/a/b`, and
/// not `/v3/ab`. `parent` has no `/` at its end; "" takes all.
bool is_at_or_below(std::string_view path, std::string_view parent);

}  // namespace larder
