// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace larder {

/// What went wrong, by the action that a caller can take.
struct Error {
  enum class Code {
    invalid,      ///< the input is wrong: tell whoever sent it
    not_found,    ///< no such thing: go on without it
    corrupt,      ///< stored bytes failed their check: treat as absent, count, drop
    full,         ///< a bound that the operator set is reached: shed this work
    io,           ///< the system refused: report, try later
    unavailable,  ///< the origin or a peer does not answer: stale or an error reply
    timed_out,    ///< a deadline passed
  };
  Code code = Code::invalid;
  std::string context;  ///< names the thing that failed and what to do; never holds a token
};

/// A value or an Error; dropping one unread is a compiler warning (an error in this build).
template <class T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Error::Code code, std::string context) {
  return tl::unexpected<Error>(Error{code, std::move(context)});
}

}  // namespace larder
