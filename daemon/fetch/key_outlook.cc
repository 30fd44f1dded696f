// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/key_outlook.h"

namespace larder {
namespace {

KeyOutlook::Mark mark_of(std::optional<Unshareable> why) {
  if (!why) return KeyOutlook::Mark::none;
  switch (*why) {
    case Unshareable::lasting:
      return KeyOutlook::Mark::lasting;
    case Unshareable::refusal:
      return KeyOutlook::Mark::refusal;
    case Unshareable::brief:
      return KeyOutlook::Mark::brief;
  }
  return KeyOutlook::Mark::none;
}

std::optional<OriginCause> trouble_of(OriginLoop& loop, const std::string& host, bool has_stale) {
  const auto error = loop.trouble(host, has_stale);
  return error ? std::optional(error->cause) : std::nullopt;
}

}  // namespace

void look_at(KeyOutlook& outlook, const OutlookSources& sources) {
  outlook.mark = mark_of(sources.unshared.mark_of(outlook.key, monotonic_now()));
  outlook.refused = outlook.credential && sources.rejected.believes(*outlook.credential);
  outlook.paused = sources.fence.pauses(outlook.key, sources.now);
  outlook.passes_caches = sources.fence.passes_caches(outlook.key);
  sources.fills.for_each([&](const Fill& fill) {
    if (fill.order().key == outlook.key && fill.joinable(sources.now)) outlook.filling = true;
  });
  if (outlook.host.empty()) return;
  for (const HostSnapshot& host : sources.delivery.hosts()) {
    if (host.name != outlook.host) continue;
    outlook.host_state = HostHealth::name_of(host.state);
    outlook.failures_in_a_row = host.consecutive_failures;
    if (host.last_error) outlook.last_error = host.last_error->text;
  }
  outlook.trouble = trouble_of(sources.delivery, outlook.host, false);
  outlook.trouble_with_stale = trouble_of(sources.delivery, outlook.host, true);
}

}  // namespace larder
