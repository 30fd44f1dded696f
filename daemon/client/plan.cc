// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/plan.h"

#include <algorithm>

#include "conf/base/check.h"
#include "daemon/http1/known_header.h"

namespace larder {

Reason Plan::reason() const {
  switch (what) {
    case What::refuse:
      return refusal.reason;
    case What::preflight:
    case What::relay:
      return route_reason;
    case What::answer:
    case What::fill:
      return store_reason;
  }
  return Reason::none;
}

std::string_view Plan::host() const {
  return scope ? std::string_view(scope->delivery_host) : std::string_view(preview_host);
}

FillOrder fill_order_for(const Plan& plan, const RequestView& request, Waiter waiter,
                         const ServerConfig& server, const UpstreamConfig& upstream) {
  LARDER_CHECK(plan.canonical && plan.scope);
  FillOrder order;
  order.waiter = waiter;
  order.key = plan.key;
  order.canonical = plan.canonical->bytes;
  order.request = plan.canonical->request;
  order.scope = plan.scope;
  order.access_token = Secret(std::string(plan.fields.access_token));
  order.unkeyed = header_lines(request, upstream.forward_headers_unkeyed);
  order.unkeyed.push_back(loop_line(request, server));
  order.has_stale = plan.object.has_value();
  order.generation = plan.generation;
  order.skip_store = plan.store_reason == Reason::credential_rejected;
  return order;
}

RelayOrder relay_order_for(const Plan& plan, const RequestView& request, Waiter waiter,
                           const ServerConfig& server, const UpstreamConfig& upstream) {
  LARDER_CHECK(plan.what == Plan::What::relay);
  RelayOrder order{.waiter = waiter,
                   .request = plan.relay_to == RelayOrder::To::preview
                                  ? preview_request(plan.fields, plan.preview_host)
                                  : pass_request(plan.fields, *plan.scope),
                   .to = plan.relay_to,
                   .scope = plan.scope,
                   .client = {}};
  order.request.headers.push_back(loop_line(request, server));
  for (const auto* names : {&upstream.forward_headers, &upstream.forward_headers_unkeyed}) {
    for (auto& line : header_lines(request, *names)) {
      order.request.headers.push_back(std::move(line));
    }
  }
  return order;
}

void carry_id(std::vector<std::string>& lines, const UpstreamConfig& upstream,
              const RequestId& id) {
  const auto& listed = upstream.forward_headers_unkeyed;
  if (id.empty() || std::none_of(listed.begin(), listed.end(), is_request_id)) return;
  std::erase_if(
      lines, [](std::string_view line) { return is_request_id(line.substr(0, line.find(':'))); });
  lines.push_back(std::string("x-request-id: ").append(id.text()));
}

void carry_trace(std::vector<std::string>& lines, const UpstreamConfig& upstream,
                 const TraceParent& trace) {
  const auto lists_it = [](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), is_trace_parent);
  };
  if (trace.empty() || lists_it(upstream.forward_headers)) return;
  if (lists_it(upstream.forward_headers_unkeyed)) return;
  lines.push_back("traceparent: " + trace.text());
}

StaleRecall stale_recall_for(const Plan& plan) {
  LARDER_CHECK(plan.canonical && plan.scope);
  return {.key = plan.key, .canonical = plan.canonical->bytes, .scope = plan.scope->mac};
}

std::optional<ObjectView> recall(StoreReader& reader, const StaleRecall& stale, WallTime now) {
  auto object = reader.lookup(stale.key, stale.canonical, stale.scope, now);
  if (object && judge(object->meta.lifetime, now) == Freshness::expired) object.reset();
  return object;
}

}  // namespace larder
