// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "conf/base/field_table.h"

/// Query strings: pairs between `&`, and percent-encoding. `;` is data.
namespace larder {

struct QueryPair {
  std::string_view name;   ///< encoded
  std::string_view value;  ///< encoded; empty also when there is no '='
};

/// Takes the next pair off `query`; false at the end. Empty pairs are skipped.
bool take_pair(std::string_view& query, QueryPair& pair);

/// Writes `encoded` decoded ('+' = blank, a bad escape stays as it is) to `out`, which has room
/// for as many octets; returns the end of what was written.
char* percent_decode(std::string_view encoded, char* out);
std::string percent_decoded(std::string_view encoded);

/// Writes `text` with all but the unreserved octets as `%XX` to `out`, which has room for three
/// times as many; returns the end of what was written.
char* percent_encode(std::string_view text, char* out);

/// What a parameter's encoded name means to larder.
struct QueryName {
  FieldId id = FieldId::none;  ///< none, or one of FieldTrait::kInQuery
  bool bracketed = false;      ///< `name[...]`, which a nested-query parser takes for the name
};
QueryName query_name(std::string_view encoded);

/// The path in canonical form: one trailing slash stripped, escapes of unreserved octets decoded,
/// the others in upper case. Appended to `out`.
void append_canonical_path(std::string_view path, std::string& out);

}  // namespace larder
