// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/stored_questions.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <optional>
#include <string>

using namespace larder;

namespace {

/// A store with one object, of two pieces, that answers at once.
struct Desk {
  explicit Desk(Bytes max_output = 1u << 20) : held(1u << 20, max_output) {
    listing.objects.emplace_back().sequence = 7;
    sources.held = &held;
    sources.now = [] { return WallTime{1'700'000'000'000}; };
    sources.heads = [this](const PurgeOrder&, const AdminSources::Listed& done) { done(listing); };
    sources.objects = [this](const ObjectQuestion& question, const AdminSources::Listed& done) {
      limit = question.limit;
      done(listing);
    };
    sources.piece = [this](const ListedObject&, std::uint32_t index,
                           const std::function<void(Result<std::string>)>& done) {
      if (piece_error) return done(tl::unexpected<Error>(*piece_error));
      done("piece " + std::to_string(index));
    };
  }

  /// The answer's head, or what is wrong with the query.
  std::string get(std::string_view query) {
    answer.reset();
    const std::string mistake = ask_get(query, std::make_shared<const Settings>(), sources,
                                        [this](AdminText text) { answer = std::move(text); });
    CHECK(mistake.empty() == answer.has_value());
    return answer ? answer->text : mistake;
  }

  HeldBytes held;
  UrlListing listing;
  std::optional<Error> piece_error;
  std::size_t limit = 0;
  AdminSources sources;
  std::optional<AdminText> answer;
};

}  // namespace

TEST_CASE("stored questions: heads, or why there are none", "[daemon]") {
  Desk desk;
  CHECK(desk.get("url=/v3/assets").starts_with("HTTP/1.1 200 "));
  CHECK_FALSE(desk.answer->body);
  CHECK(desk.get("").starts_with("get takes url"));
  desk.listing.objects.clear();
  CHECK(desk.get("url=/v3/assets").starts_with("HTTP/1.1 404 "));
  desk.listing.error = Error{Error::Code::io, "there is no database"};
  CHECK(desk.get("url=/v3/assets").starts_with("HTTP/1.1 500 "));
}

TEST_CASE("stored questions: a piece is charged to the output until it is gone", "[daemon]") {
  Desk desk;
  CHECK(desk.get("url=/v3/assets&object=7&piece=1").find("Content-Length: 7\r\n") !=
        std::string::npos);
  REQUIRE(desk.answer->body);
  CHECK(*desk.answer->body == "piece 1");
  CHECK(desk.held.output() >= 7);
  desk.answer.reset();
  CHECK(desk.held.output() == 0);
}

TEST_CASE("stored questions: no piece of another object, and none without room", "[daemon]") {
  Desk desk;
  CHECK(desk.get("url=/v3/assets&object=8&piece=0").starts_with("HTTP/1.1 409 "));
  desk.piece_error = Error{Error::Code::not_found, "replaced"};
  CHECK(desk.get("url=/v3/assets&object=7&piece=0").starts_with("HTTP/1.1 409 "));
  desk.piece_error = Error{Error::Code::io, "broken"};
  CHECK(desk.get("url=/v3/assets&object=7&piece=0").starts_with("HTTP/1.1 500 "));
  Desk full(1'000);
  CHECK(full.get("url=/v3/assets&object=7&piece=0").starts_with("HTTP/1.1 503 "));
}

TEST_CASE("stored questions: a list", "[daemon]") {
  Desk desk;
  std::optional<AdminText> answer;
  const auto reply = [&](AdminText text) { answer = std::move(text); };
  CHECK(ask_list("branch=main&limit=5", desk.sources, reply).empty());
  REQUIRE(answer);
  CHECK(answer->text.starts_with("HTTP/1.1 200 "));
  CHECK(desk.limit == 5);
  CHECK_FALSE(ask_list("limit=5", desk.sources, reply).empty());
  desk.listing.objects.clear();
  CHECK(ask_list("branch=main", desk.sources, reply).empty());
  CHECK(answer->text.starts_with("HTTP/1.1 404 "));
}
