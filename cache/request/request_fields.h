// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cache/request/request_rules.h"

namespace larder {

/// Fills the fields that come from header and query: each at most once in either place, equal when
/// in both (an empty one counts as absent), of sane length and octets. `path`, `query`, `route`
/// and `kind` are not touched.
std::optional<Refusal> gather_fields(const HeaderSurvey& header, const QuerySurvey& query,
                                     Decoded& scratch, RequestFields& fields);

}  // namespace larder
