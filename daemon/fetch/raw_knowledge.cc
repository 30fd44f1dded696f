// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/raw_knowledge.h"

#include <utility>

namespace larder {

bool RawKnowledge::know(std::string_view api_key, std::vector<RawEntry> entries,
                        MonotonicTime asked) {
  if (asked <= forgotten_) return true;
  for (RawEntry& entry : entries) entries_.add(api_key, std::move(entry));
  return !entries_.is_full();
}

std::vector<std::string> RawKnowledge::note_purge(const PurgeOrder& purge, MonotonicTime now) {
  std::vector<std::string> anew;
  // An event that larder does not understand may be one of a schema.
  const bool unclear =
      purge.what == PurgeOrder::What::scope && purge.source != PurgeSource::operator_;
  if (unclear) anew.emplace_back();
  for (const ContentChange& change : purge.changes) {
    if (change.what == ContentChange::What::global_field) anew = {""};
    if (change.what != ContentChange::What::content_type || anew == std::vector<std::string>{""}) {
      continue;
    }
    anew.push_back(change.uid);
  }
  for (const std::string& type : anew) {
    forgotten_ = now;
    if (type.empty()) {
      entries_.clear();
    } else {
      entries_.forget(content_tag(type));
    }
  }
  return anew;
}

}  // namespace larder
