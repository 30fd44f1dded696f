// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/admin_text.h"

#include "cache/http/response.h"
#include "conf/base/json_text.h"
#include "conf/base/octets.h"
#include "conf/base/redact.h"
#include "daemon/admin/status_page.h"
#include "daemon/watch/open_metrics.h"

namespace larder {

std::string admin_head(int status, std::string_view type, std::size_t length,
                       std::string_view more) {
  std::string out(status_line(status));
  out.append(more);
  out.append("Content-Type: ").append(type);
  out.append("\r\nContent-Length: ").append(std::to_string(length));
  out.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff");
  out.append("\r\nCross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n");
  return out;
}

namespace {

/// What somebody has sent may be in it.
std::string error_body(std::string_view text) {
  return "{\"error\":" + json_quote(redact(text)) + "}\n";
}

}  // namespace

std::string admin_answer(int status, std::string_view type, std::string_view body,
                         std::string_view more) {
  return admin_head(status, type, body.size(), more).append(body);
}

std::string admin_error(int status, std::string_view text) {
  return admin_answer(status, "application/json", error_body(text));
}

std::string admin_wrong_method(std::string_view allowed, std::string_view text) {
  return admin_answer(405, "application/json", error_body(text),
                      "Allow: " + std::string(allowed) + "\r\n");
}

std::string metrics_answer(const RequestView& request, const std::string& text) {
  std::string accept;
  for (const auto& header : request.headers) {
    if (equals_ignoring_case(header.name, "accept")) accept.append(header.value).append(",");
  }
  if (wants_open_metrics(accept)) {
    return admin_answer(200, kOpenMetricsType, open_metrics_text(text), "Vary: Accept\r\n");
  }
  return admin_answer(200, kPrometheusType, text, "Vary: Accept\r\n");
}

std::string page_answer() {
  std::string more = "Content-Security-Policy: ";
  more.append(status_page_policy()).append("\r\nReferrer-Policy: no-referrer\r\n");
  more.append("Cross-Origin-Opener-Policy: same-origin\r\n");
  return admin_answer(200, "text/html; charset=utf-8", status_page(), more);
}

std::string admin_unauthorised() {
  return admin_answer(401, "application/json",
                      "{\"error\":\"this takes the header Authorization: Bearer TOKEN with one of "
                      "admin.purge_tokens\"}\n",
                      "WWW-Authenticate: Bearer\r\n");
}

}  // namespace larder
