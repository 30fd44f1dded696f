// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_request.h"

#include "cache/request/query_string.h"
#include "cache/request/request_fields.h"
#include "cache/request/request_rules.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"
#include "conf/instance.h"

namespace larder {
namespace {

/// A value goes out only when it cannot end its line: the parser lets no control byte through, so
/// one here is a bug upstream of us; it is dropped, never sent.
bool safe_value(std::string_view value) {
  return !any_octet(value, kControl);
}

void add(std::vector<std::string>& headers, std::string_view name, std::string_view value) {
  if (value.empty() || !safe_value(value)) return;
  std::string line;
  line.reserve(name.size() + 2 + value.size());
  line.append(name).append(": ").append(value);
  headers.push_back(std::move(line));
}

void add(std::vector<std::string>& headers, FieldId id, std::string_view value) {
  add(headers, name_of(id), value);
}

/// What a request that goes on as it came takes along. An environment in the query stays there.
template <unsigned trait>
void add_fields(std::vector<std::string>& headers, const RequestFields& fields) {
  for (const FieldId id : fields_with<trait>()) {
    if (id == FieldId::environment && fields.environment_in_query) continue;
    add(headers, id, fields.*member_of(id));
  }
}

void add_template(OriginRequest& request, Representation coding) {
  request.coding = coding;
  auto& headers = request.headers;
  headers.push_back(coding == Representation::gzip ? "Accept-Encoding: gzip"
                                                   : "Accept-Encoding: identity");
  headers.push_back("Accept: application/json");
  headers.push_back("Via: 1.1 larder");
  headers.push_back("X-User-Agent: larder");
}

/// Appends `text` with every byte escaped that may not stand in a request target.
void append_target_bytes(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_octet(c, kPathChar) || c == '%' || c == '?') {
      out.push_back(c);
    } else {
      append_percent(out, static_cast<unsigned char>(c));
    }
  }
}

void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_octet(c, kUnreserved)) {
      out.push_back(c);
    } else {
      append_percent(out, static_cast<unsigned char>(c));
    }
  }
}

std::string raw_url(std::string_view host, const RequestFields& fields) {
  std::string url(host);
  append_target_bytes(url, fields.path);
  if (!fields.query.empty()) {
    url.push_back('?');
    append_target_bytes(url, fields.query);
  }
  return url;
}

}  // namespace

OriginRequest delivery_request(const CanonicalRequest& canonical, const Scope& scope,
                               std::string_view access_token,
                               const std::vector<std::string>& unkeyed) {
  OriginRequest request;
  request.host = scope.delivery_host;
  request.stack = stack_id(scope.api_key);
  request.url.reserve(scope.delivery_host.size() + canonical.path.size() + canonical.query.size() +
                      48);
  request.url.append(scope.delivery_host).append(canonical.path);
  char joint = '?';
  if (canonical.send_environment && !scope.environment.empty()) {
    request.url.append("?environment=");
    append_encoded(request.url, scope.environment);
    joint = '&';
  }
  if (!canonical.query.empty()) request.url.append(1, joint).append(canonical.query);

  add(request.headers, FieldId::api_key, scope.api_key);
  add(request.headers, FieldId::access_token, access_token);
  add(request.headers, FieldId::branch, scope.branch);
  add(request.headers, FieldId::x_cs_variant_uid, canonical.variants);
  add(request.headers, FieldId::x_header_ea, canonical.early_access);
  add_template(request, canonical.representation);
  std::string_view rest = canonical.forwarded;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    request.headers.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
  }
  request.headers.insert(request.headers.end(), unkeyed.begin(), unkeyed.end());
  return request;
}

/// The query without preview tokens: they never travel to a delivery host.
std::string without_preview_token(std::string_view query) {
  std::string kept;
  QueryPair pair;
  while (take_pair(query, pair)) {
    if (query_name(pair.name).id == FieldId::preview_token) continue;
    if (!kept.empty()) kept.push_back('&');
    kept.append(pair.name);
    if (pair.value.data() != nullptr) {
      kept.append("=").append(pair.value);
    }
  }
  return kept;
}

OriginRequest pass_request(const RequestFields& fields, const Scope& scope) {
  OriginRequest request;
  request.host = scope.delivery_host;
  request.stack = stack_id(scope.api_key);
  RequestFields clean = fields;
  const auto query = without_preview_token(fields.query);
  clean.query = query;
  request.url = raw_url(scope.delivery_host, clean);
  add_fields<kToDelivery>(request.headers, fields);
  add_template(request, fields.representation);
  return request;
}

OriginRequest preview_request(const RequestFields& fields, std::string_view preview_host) {
  OriginRequest request;
  request.host = std::string(preview_host);
  request.url = raw_url(preview_host, fields);
  add_fields<kToPreview>(request.headers, fields);
  add_template(request, fields.representation);
  return request;
}

std::string loop_line(const RequestView& request, const ServerConfig& server) {
  std::string line = "CDN-Loop: ";
  for (const auto& header : request.headers) {
    if (field_of(header.name) != FieldId::cdn_loop) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto name = take_loop_name(rest);
      if (is_larder_name(name)) line.append(name).append(", ");
    }
  }
  return line.append(larder_name(server));
}

std::vector<std::string> header_lines(const RequestView& request,
                                      const std::vector<std::string>& names) {
  std::vector<std::string> lines;
  for (const auto& name : names) {
    for (const auto& header : request.headers) {
      if (equals_ignoring_case(header.name, name)) add(lines, name, header.value);
    }
  }
  return lines;
}

}  // namespace larder
