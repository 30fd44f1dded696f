// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/api.h"

/// Requests as parsed, and the text of responses.
namespace sandbox {

struct Field {
  std::string_view name, value;
};

/// Views into the connection's buffer, good until its request is answered.
struct HttpRequest {
  Host host = Host::delivery;
  std::string_view method, target, body;
  std::vector<Field> fields;
  bool keep_alive = true;
  bool http_1_0 = false;

  std::string_view path() const { return target.substr(0, target.find('?')); }
  std::string_view query() const;
  /// The first field of that name in any case; empty when there is none.
  std::string_view field(std::string_view name) const;
};

bool same_name(std::string_view a, std::string_view b);

ApiRequest to_api_request(const HttpRequest& request);

/// Status line and fields in the manner of the delivery CDN or of the preview service, without the
/// blank line and without the fields that frame the body.
std::string head_of(const ApiAnswer& answer, const HttpRequest& request);

/// Adds what frames a body of that size, and the blank line.
void finish_head(std::string& head, const HttpRequest& request, std::size_t body_bytes,
                 bool chunked);

/// Replaces a field by these values; none = takes it out.
void set_field(std::string& head, std::string_view name, const std::vector<std::string>& values);

std::string status_line(int status);

/// `chunk` as one chunk of the chunked coding.
void append_chunk(std::string& to, std::string_view chunk);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sandbox
