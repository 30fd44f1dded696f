// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/next_answer.h"

#include "daemon/admin/why_words.h"

namespace larder {
namespace {

std::string seconds_until(WallTime then, WallTime now) {
  return std::to_string((then.ms - now.ms + 999) / 1'000) + " s";
}

NextAnswer answer_of(Outcome outcome, Reason reason, std::string detail,
                     const std::string& more = "") {
  NextAnswer next{outcome, reason, std::move(detail), ""};
  next.line = why_line(name_of(outcome), reason, next.detail);
  if (!more.empty()) next.line.append("; ").append(more);
  return next;
}

Reason reason_of(const NextFacts& facts, WallTime now) {
  if (facts.outlook.refused) return Reason::credential_rejected;
  if (!facts.lifetime) return Reason::absent;
  return reason_of(judge(*facts.lifetime, now));
}

/// Did the origin's last answer not get into the store?
bool is_unstored(std::string_view detail) {
  return words_for_detail(detail).starts_with("the answer was not stored");
}

NextAnswer stale_answer(const NextFacts& facts, WallTime now) {
  std::string more = "so for " + seconds_until(facts.lifetime->revalidate_until, now);
  if (facts.outlook.trouble_with_stale) {
    more.append("; its refresh does not start: ")
        .append(words_for_detail(name_of(*facts.outlook.trouble_with_stale)));
  } else if (facts.outlook.paused) {
    more.append("; its refresh waits: ").append(words_for_detail(name_of(OriginCause::outdated)));
  }
  return answer_of(Outcome::stale, Reason::stale_while_revalidate, facts.purged ? "purged" : "",
                   more);
}

/// What the fetch thread makes of an order for a fill, in its own order of tests.
NextAnswer asked_answer(const NextFacts& facts, Reason reason, WallTime now) {
  const KeyOutlook& outlook = facts.outlook;
  const bool has_stale = reason == Reason::stale_if_error;
  const auto trouble = has_stale ? outlook.trouble_with_stale : outlook.trouble;
  const bool alone = !has_stale && outlook.mark != KeyOutlook::Mark::none;
  const std::string purged = facts.purged ? "a purge has hit it (purged)" : "";
  if (has_stale && (outlook.paused || trouble)) {
    const OriginCause cause = outlook.paused ? OriginCause::outdated : *trouble;
    const std::string until = "so for " + seconds_until(facts.lifetime->error_until, now);
    return answer_of(Outcome::stale_error, reason, name_of(cause),
                     purged.empty() ? until : purged + "; " + until);
  }
  if (trouble) return answer_of(Outcome::failed, reason, name_of(*trouble), purged);
  if (outlook.filling && !alone) {
    return answer_of(Outcome::joined, reason, "", "an answer is on its way, and is shared");
  }
  std::string more = purged;
  const auto add = [&more](std::string_view words) {
    more.append(more.empty() ? "" : "; ").append(words);
  };
  if (is_unstored(facts.last_detail)) {
    add("the last time ");
    more.append(words_for_detail(facts.last_detail)).append(" (");
    more.append(facts.last_detail).append(")");
  }
  if (alone) return answer_of(Outcome::miss, reason, "hit-for-miss", more);
  if (outlook.passes_caches) {
    add("it is asked for past caches: the last answer was outdated");
  } else if (reason == Reason::absent && facts.was_stored && !facts.purged) {
    add("it was stored before: it has been purged or evicted since");
  }
  add("the origin is asked");
  return answer_of(Outcome::miss, reason, "", more);
}

}  // namespace

NextAnswer next_answer(const NextFacts& facts, WallTime now) {
  const Reason reason = reason_of(facts, now);
  if (reason == Reason::fresh) {
    return answer_of(Outcome::hit, reason, "",
                     "so for " + seconds_until(facts.lifetime->fresh_until, now));
  }
  if (reason == Reason::stale_while_revalidate) return stale_answer(facts, now);
  return asked_answer(facts, reason, now);
}

}  // namespace larder
