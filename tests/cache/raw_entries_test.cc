// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/raw_entries.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/body/json_stream.h"
#include "cache/tags/change.h"
#include "cache/tags/place.h"
#include "cache/tags/request_tags.h"
#include "cache/tags/tag_finder.h"

using namespace larder;

namespace {

CanonicalRequest request_of(const std::string& path, const std::string& query) {
  CanonicalRequest request;
  request.path = path;
  request.query = query;
  return request;
}

const std::uint64_t kBranch = branch_place("blt1", "main");

EntryVersion version_of(const std::string& uid, const std::string& number = "1") {
  return *entry_version(uid, "en-us", number, "2026-01-01T00:00:00.000Z");
}

RawEntry raw(const std::string& uid, std::vector<Tag> references,
             const std::string& type = "blog") {
  return {version_of(uid), content_tag(type), std::move(references)};
}

std::string entry(const std::string& uid, const std::string& more = "",
                  const std::string& number = "1") {
  return R"({"uid":")" + uid + R"(","locale":"en-us","_version":)" + number +
         R"(,"updated_at":"2026-01-01T00:00:00.000Z")" + more + "}";
}

/// The tags of an answer to a request for entries of blog.
std::string tags_of_answer(const std::string& body, const std::string& query,
                           const RawEntries& known, const std::string& variants = "") {
  TagSet tags;
  TagFinder finder("blog", true, tags);
  JsonStream stream(&finder);
  REQUIRE(stream.feed(body));
  REQUIRE(stream.finish());
  TagSet of_request;
  add_inclusions(
      add_request_tags(request_of("/v3/content_types/blog/entries/a", query), true, of_request),
      !variants.empty(), kBranch, known, tags);
  return tags.take();
}

bool has(const std::string& carried, Tag tag) {
  const std::vector<Tag> one{tag};
  return has_any_tag(carried, one);
}

const std::string kInclude = "include%5B%5D=author";

}  // namespace

TEST_CASE("raw entries: an answer depends on what its entries refer to, shown or not") {
  RawEntries known(10);
  known.add(kBranch, raw("a", {reference_tag("b"), reference_tag("c")}));
  known.add(kBranch, raw("b", {reference_tag("d")}));
  const std::string included =
      R"(,"author":[)" + entry("b", R"(,"_content_type_uid":"author")") + "]";
  const auto tags = tags_of_answer(R"({"entry":)" + entry("a", included) + "}", kInclude, known);
  CHECK(has(tags, reference_tag("c")));  // not published
  CHECK(has(tags, reference_tag("d")));
  CHECK_FALSE(has(tags, reference_tag("e")));
  CHECK_FALSE(has(tags, inclusion_tag()));
}

TEST_CASE("raw entries: where one shown version is not known, anything may be included") {
  const auto [title, body, query,
              variants] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"another number", R"({"entry":)" + entry("a", "", "2") + "}", kInclude, ""},
      {"another entry", R"({"entry":)" + entry("z") + "}", kInclude, ""},
      {"one of a list", R"({"entries":[)" + entry("a") + "," + entry("z") + "]}", kInclude, ""},
      {"an included one", R"({"entry":)" + entry("a", R"(,"author":[)" + entry("z") + "]") + "}",
       kInclude, ""},
      {"no version", R"({"entry":{"uid":"a","locale":"en-us"}})", kInclude, ""},
      {"no locale", R"({"entry":{"uid":"a","_version":1,"updated_at":"2026-01-01T00:00:00.000Z"}})",
       kInclude, ""},
      {"no time", R"({"entry":{"uid":"a","_version":1,"locale":"en-us"}})", kInclude, ""},
      {"a part", R"({"entry":)" + entry("a") + "}", kInclude + "&only%5BBASE%5D%5B%5D=title", ""},
      {"without a part", R"({"entry":)" + entry("a") + "}",
       kInclude + "&except%5BBASE%5D%5B%5D=title", ""},
      {"embedded", R"({"entry":)" + entry("a") + "}", "include_embedded_items%5B%5D=BASE", ""},
      {"a variant", R"({"entry":)" + entry("a") + "}", kInclude, "cs1"},
  }));
  CAPTURE(title, body, query);
  RawEntries known(10);
  known.add(kBranch, raw("a", {}));
  CHECK(has(tags_of_answer(body, query, known, variants), inclusion_tag()));
}

TEST_CASE("raw entries: so many references that not all fit are not learnt") {
  RawEntries known(100);
  std::string list;
  for (int i = 0; i < 20; ++i) {
    std::vector<Tag> references;
    for (int j = 0; j < 100; ++j) references.push_back(reference_tag(std::to_string(i * 100 + j)));
    known.add(kBranch, raw("e" + std::to_string(i), std::move(references)));
    list += (i > 0 ? "," : "") + entry("e" + std::to_string(i));
  }
  CHECK(has(tags_of_answer(R"({"entries":[)" + list + "]}", kInclude, known), inclusion_tag()));
}

TEST_CASE("raw entries: an entry with a file name is an entry") {
  const std::string body = R"({"entry":)" + entry("a", R"(,"filename":"a.png")") + "}";
  CHECK(has(tags_of_answer(body, kInclude, RawEntries(10)), inclusion_tag()));
  CHECK(has(tags_of_answer(body, "", RawEntries(10)), entry_tag("a")));
}

TEST_CASE("raw entries: a changed global field meets what was learnt") {
  RawEntries known(10);
  known.add(kBranch, raw("a", {}));
  const auto tags = tags_of_answer(R"({"entry":)" + entry("a") + "}", kInclude, known);
  CHECK(has_any_tag(tags, tags_of({ContentChange::What::global_field, "", "seo"})));
}

TEST_CASE("raw entries: who includes nothing depends on no reference") {
  const auto tags =
      tags_of_answer(R"({"entry":)" + entry("z") + "}", "locale=en-us", RawEntries(10));
  CHECK_FALSE(has(tags, inclusion_tag()));
}

TEST_CASE("raw entries: a list without entries includes nothing") {
  CHECK_FALSE(has(tags_of_answer(R"({"entries":[]})", kInclude, RawEntries(10)), inclusion_tag()));
}

TEST_CASE("raw entries: stacks and branches are kept apart") {
  RawEntries known(10);
  known.add(kBranch, raw("a", {reference_tag("b")}));
  CHECK(known.references_of(kBranch, version_of("a")));
  CHECK_FALSE(known.references_of(branch_place("blt2", "main"), version_of("a")));
  CHECK_FALSE(known.references_of(branch_place("blt1", "live"), version_of("a")));
}

TEST_CASE("raw entries: the oldest leave, however many come") {
  RawEntries known(3);
  for (int i = 0; i < 100; ++i) known.add(kBranch, raw("e" + std::to_string(i), {}));
  CHECK(known.size() == 3);
  CHECK(known.is_full());
  CHECK(known.references_of(kBranch, version_of("e99")));
  CHECK_FALSE(known.references_of(kBranch, version_of("e96")));
  known.set_most(1);
  CHECK(known.size() == 1);
  CHECK(known.references_of(kBranch, version_of("e99")));
}

TEST_CASE("raw entries: what is forgotten and comes again stays within the bound") {
  RawEntries known(2);
  for (int i = 0; i < 50; ++i) {
    known.add(kBranch, raw("a", {}));
    known.add(kBranch, raw("b", {}));
    known.forget(content_tag("blog"), std::nullopt);
    CHECK(known.size() == 0);
  }
  known.add(kBranch, raw("a", {}));
  CHECK(known.references_of(kBranch, version_of("a")));
}

TEST_CASE("raw entries: a changed schema forgets the entries of its content type alone") {
  RawEntries known(10);
  known.add(kBranch, raw("a", {}, "blog"));
  known.add(kBranch, raw("b", {}, "page"));
  known.forget(content_tag("blog"), std::nullopt);
  CHECK_FALSE(known.references_of(kBranch, version_of("a")));
  CHECK(known.references_of(kBranch, version_of("b")));
  known.add(branch_place("blt1", "live"), raw("b", {}, "page"));
  known.forget(std::nullopt, kBranch);
  CHECK(known.size() == 1);
  known.forget(content_tag("page"), branch_place("blt1", "live"));
  CHECK(known.size() == 0);
}

TEST_CASE("raw entries: an entry with too many references is not kept") {
  RawEntries known(10);
  known.add(kBranch, raw("a", std::vector<Tag>(RawEntries::kMostReferences + 1)));
  CHECK(known.size() == 0);
}

TEST_CASE("raw entries: what a query has included") {
  const auto [query, inclusion] = GENERATE(table<std::string, Inclusion>({
      {"", Inclusion::none},
      {"include_count=true", Inclusion::none},
      {"only%5BBASE%5D%5B%5D=title", Inclusion::none},
      {"include%5B%5D=author", Inclusion::references},
      {"include%5B0%5D=author", Inclusion::references},
      {"include=author", Inclusion::references},
      {"include_all=true", Inclusion::references},
      {"include_embedded_items%5B%5D=BASE", Inclusion::parts},
      {"include%5B%5D=author&include_embedded_items%5B%5D=BASE", Inclusion::parts},
      {"include%5B%5D=author&only%5Bauthor%5D%5B%5D=name", Inclusion::parts},
      {"include%5B%5D=author&except%5Bauthor%5D%5B%5D=name", Inclusion::parts},
  }));
  CAPTURE(query);
  TagSet tags;
  CHECK(add_request_tags(request_of("/v3/content_types/blog/entries", query), true, tags) ==
        inclusion);
}

TEST_CASE("entry version: each part counts, and all are needed") {
  const auto version = entry_version("a", "en-us", "1", "2026");
  REQUIRE(version);
  CHECK(entry_version("a", "en-us", "1", "2026") == version);
  for (const auto& other :
       {entry_version("b", "en-us", "1", "2026"), entry_version("a", "fr", "1", "2026"),
        entry_version("a", "en-us", "2", "2026"), entry_version("a", "en-us", "1", "2027"),
        entry_version("a", "en-us1", "", "2026"), entry_version("", "en-us", "1", "2026")}) {
    CHECK(other != version);
  }
  CHECK_FALSE(entry_version("a", "en-us", "1", ""));
}
