// SPDX-License-Identifier: Apache-2.0
#include "cache/request/trace_parent.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using larder::TraceParent;

TEST_CASE("trace parent: what the W3C's Trace Context allows, and nothing else", "[request]") {
  constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
  struct Case {
    const char* name;
    const char* text;
    const char* passed;  ///< null = none
  };
  const auto c = GENERATE(values<Case>({
      {"the example of the standard", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
      {"not sampled", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"},
      {"a later version as it is understood",
       "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
      {"what comes behind that", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02-what",
       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"},
      {"behind version 00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
       nullptr},
      {"without a dash", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what", nullptr},
      {"no version", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", nullptr},
      {"upper case", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", nullptr},
      {"no hex in the trace", "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", nullptr},
      {"no hex in the parent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902 7-01", nullptr},
      {"no hex in the flags", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", nullptr},
      {"a trace of zeros", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", nullptr},
      {"a parent of zeros", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", nullptr},
      {"dots for dashes", "00.4bf92f3577b34da6a3ce929d0e0e4736.00f067aa0ba902b7.01", nullptr},
      {"too short", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", nullptr},
      {"two in one", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,00-4", nullptr},
      {"nothing", "", nullptr},
  }));
  DYNAMIC_SECTION(c.name) {
    const TraceParent parent = TraceParent::of_text(c.text);
    CHECK(parent.empty() == (c.passed == nullptr));
    CHECK(parent.trace_id() == (c.passed == nullptr ? "" : kTrace));
    if (c.passed != nullptr) CHECK(parent.text() == c.passed);
  }
}
