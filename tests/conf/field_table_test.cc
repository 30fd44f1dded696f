// SPDX-License-Identifier: Apache-2.0
#include "conf/base/field_table.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <string>

#include "conf/base/redact.h"

using namespace larder;

namespace {

std::string shouted(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_') c = '-';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

}  // namespace

TEST_CASE("field table: a field is found by its name, over case, - and _", "[conf]") {
  const FieldRow row = GENERATE(from_range(kFields));
  CAPTURE(row.name);
  CHECK(field_of(row.name) == row.id);
  CHECK(field_of(shouted(row.name)) == row.id);
  CHECK(field_of(row.written) == row.id);
  CHECK(field_of(std::string(row.name) + "x") == FieldId::none);
  CHECK(field_of(row.name.substr(1)) != row.id);
  CHECK_FALSE(is_forwardable(row.name));
  CHECK_FALSE(is_forwardable(shouted(row.name)));
}

TEST_CASE("field table: the value of every credential is taken out of what is printed", "[conf]") {
  const FieldRow row = GENERATE(from_range(kFields));
  if (!row.has(kCredential)) return;
  CAPTURE(row.name);
  for (const std::string& name : {std::string(row.name), shouted(row.name)}) {
    CHECK(redact(name + ": s3cret").find("s3cret") == std::string::npos);
    CHECK(redact("/a?" + name + "=s3cret&b=c").find("s3cret") == std::string::npos);
  }
}

TEST_CASE("field table: what the operator may have forwarded", "[conf]") {
  for (const char* name : {"x-tenant", "X_Tenant", "tenant", "x-branch", "te2", "proxy"}) {
    CAPTURE(name);
    CHECK(is_forwardable(name));
  }
  for (const char* name :
       {"management_token", "Management-Token", "accessToken", "previewtoken", "x-user-agent",
        "proxy-anything", "Proxy_Authorization", "cookie", "User-Agent", "user_agent", "Origin",
        "HTTP2-Settings", "Accept-Encoding", "CDN-Loop", "Via", "Content-Encoding"}) {
    CAPTURE(name);
    CHECK_FALSE(is_forwardable(name));
  }
}
