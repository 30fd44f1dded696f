// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cache/request/reason.h"

/// The words of the access log and Cache-Status as sentences. Pure.
namespace larder {

/// What a reason means, as a part of a sentence; "" for none.
std::string_view words_for(Reason reason);
/// What a detail means; "" for one that says nothing more.
std::string_view words_for_detail(std::string_view detail);

/// `OUTCOME: what the reason means (REASON); what the detail means (DETAIL)`. `outcome` is a word
/// of name_of(Outcome); `detail` may be "".
std::string why_line(std::string_view outcome, Reason reason, std::string_view detail);

}  // namespace larder
