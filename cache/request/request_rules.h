// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/request/classify.h"
#include "cache/request/request.h"
#include "conf/base/field_table.h"
#include "conf/config.h"

/// The strict layer over llhttp: what of a request must be so before anything in it is believed.
/// Each rule is a row of the table in tests/cache/request_rules_test.cc.
namespace larder {

/// How often a field that larder reads was seen in one place, and its value there (the first one).
struct Sighting {
  std::string_view value;
  std::uint32_t count = 0;
};
using Sightings = std::array<Sighting, kReadFieldCount>;

/// All that one pass over the header tells.
struct HeaderSurvey {
  Sightings fields;
  Representation representation = Representation::identity;
  bool looped = false;  ///< CDN-Loop (RFC 8586) names this larder, or too many others
};

/// One pass over the query. `fields` holds values still encoded.
struct QuerySurvey {
  Sightings fields;
  bool bracketed = false;  ///< a field of ours as `name[...]`
};

/// Larders through which one request may go.
inline constexpr unsigned kMaxLardersInARow = 8;

/// The next name of a CDN-Loop list, without its parameters.
std::string_view take_loop_name(std::string_view& cdn_loop);

struct TargetParts {
  std::string_view authority;  ///< of an absolute-form target, else empty
  std::string_view path;
  std::string_view query;
};

/// Sizes and counts of the header, and its survey.
std::optional<Refusal> survey_header(const RequestView& request, const ServerConfig& limits,
                                     HeaderSurvey& survey);

/// Version, Host (RFC 9112 section 3.2), method, no body (section 6), Expect, loop.
std::optional<Refusal> check_framing(const RequestView& request, const HeaderSurvey& survey);

/// Form and octets of the target: origin-form, or absolute-form for the same host.
std::optional<Refusal> check_target(std::string_view target, std::string_view host,
                                    TargetParts& parts);

/// Octets of the query, and the survey of its names.
std::optional<Refusal> survey_query(std::string_view query, QuerySurvey& survey);

/// A refusal whose error_code is its status.
constexpr Refusal refuse(int status, Reason reason, const char* cause, const char* field = "") {
  return Refusal{status, status, cause, field, false, reason};
}

/// The same, and the connection ends: what follows on it cannot be trusted.
constexpr Refusal refuse_and_close(int status, const char* cause,
                                   Reason reason = Reason::malformed) {
  return Refusal{status, status, cause, "", true, reason};
}

}  // namespace larder
