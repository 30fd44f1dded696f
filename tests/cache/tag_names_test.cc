// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/tag_names.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "cache/body/json_stream.h"
#include "cache/tags/raw_entries.h"
#include "cache/tags/request_tags.h"
#include "cache/tags/tag_finder.h"
#include "cache/tags/tag_set.h"

using namespace larder;

namespace {

CanonicalRequest request_of(const std::string& path, const std::string& query) {
  CanonicalRequest request;
  request.path = path;
  request.query = query;
  return request;
}

using Names = std::vector<std::string>;

/// The tags of an answer as a fill finds them.
std::string carried_by(const std::string& path, const std::string& query, const std::string& body) {
  TagSet tags;
  TagFinder finder(content_type_of(path), may_include(query), tags);
  JsonStream stream(&finder);
  REQUIRE((stream.feed(body) && stream.finish()));
  const Inclusion inclusion = add_request_tags(request_of(path, query), true, tags);
  add_inclusions(inclusion, false, 0, RawEntries(0), tags);
  return tags.take();
}

TagNames named(const std::string& carried, const std::string& path, const std::string& query,
               const std::string& body) {
  TagNames names(carried);
  names.try_request(path, query);
  JsonStream stream(&names);
  // In pieces, wherever they are cut.
  for (std::size_t at = 0; at < body.size(); at += 3) REQUIRE(stream.feed(body.substr(at, 3)));
  return names;
}

}  // namespace

TEST_CASE("tag names: every tag that a fill finds is named by the same answer", "[cache]") {
  struct Case {
    std::string name, path, query, body;
    Names names;
  };
  const auto c = GENERATE(values<Case>(
      {{"an entry with references, an asset and a taxonomy",
        "/v3/content_types/blog/entries/e%201",
        "include[]=author",
        R"({"entry":{"uid":"e 1","_version":2,"title":"a \"t\"",
            "author":[{"uid":"a1","_content_type_uid":"author","_version":1}],
            "related":[{"uid":"e2","_content_type_uid":"blog"}],
            "image":{"uid":"x1","filename":"x.png"},
            "taxonomies":[{"taxonomy_uid":"colour","term_uid":"red"}]}})",
        {"asset:x1", "content-type:author", "content-type:blog", "entry:a1", "entry:e 1",
         "inclusion", "reference:e 1", "reference:e2", "taxonomy:colour"}},
       {"a list with a filter through references",
        "/v3/content_types/blog/entries",
        R"(query={"author":{"$in_query":{"name":"x"}}})",
        R"({"entries":[{"uid":"e1","_version":1}]})",
        {"any-list", "arrival:blog", "content-type:blog", "entry:e1"}},
       {"a list of what has a certain value, in the language of each entry",
        "/v3/content_types/blog/entries",
        R"(include_fallback=true&query={"url":{"$in":["/a","/b"]}})",
        R"({"entries":[]})",
        {"content-type:blog", "departure:blog", "filter:blog.url", "filtered:blog"}},
       {"assets",
        "/v3/assets",
        "",
        R"({"assets":[{"uid":"x1","filename":"x"}]})",
        {"asset-list", "asset:x1"}},
       {"a schema",
        "/v3/content_types/blog",
        "",
        R"({"content_type":{"uid":"blog","schema":[{"uid":"title"}]}})",
        {"any-schema", "schema:blog"}},
       {"what is not known", "/v3/some", "", R"({"uid":"u"})", {"anything"}}}));
  CAPTURE(c.name);
  TagNames names = named(carried_by(c.path, c.query, c.body), c.path, c.query, c.body);
  CHECK(names.unnamed() == 0);
  CHECK(names.take() == c.names);
}

TEST_CASE("tag names: what is carried is told, not what the body could carry", "[cache]") {
  TagSet tags;
  tags.add(list_tag("blog"));
  tags.add(entry_tag("somewhere else"));
  TagNames names = named(tags.take(), "/v3/content_types/blog/entries", "",
                         R"({"entries":[{"uid":"e1","_version":1,"entry:e1":"list"}]})");
  CHECK(names.unnamed() == 1);
  CHECK(names.take() == Names{"list:blog"});
}

TEST_CASE("tag names: of a list with too many entries the coarser tags are named", "[cache]") {
  std::string body = R"({"entries":[)";
  for (std::size_t i = 0; i <= TagSet::kMostEntries; ++i) {
    if (i > 0) body += ",";
    body += R"({"uid":"e)" + std::to_string(i) + R"(","_version":1})";
  }
  body += "]}";
  const std::string path = "/v3/content_types/blog/entries";
  TagNames names = named(carried_by(path, "", body), path, "", body);
  CHECK(names.unnamed() == 0);
  CHECK(names.take() == Names{"arrival:blog", "content-type:blog", "list:blog"});
}

TEST_CASE("tag names: a name is the tag that it was given for", "[tags]") {
  struct Case {
    const char* name;
    std::optional<Tag> tag;
  };
  const auto c = GENERATE(values<Case>({
      {"entry:blt1", entry_tag("blt1")},
      {"entry:blog/blt1", entry_tag("blt1")},
      {"list:blog", list_tag("blog")},
      {"content-type:blog", content_tag("blog")},
      {"content_type:blog", content_tag("blog")},
      {"taxonomy:a:b", taxonomy_tag("a:b")},
      {"asset-list", asset_list_tag()},
      {"anything", unknown_tag()},
      {"asset-list:a", std::nullopt},
      {"entry", std::nullopt},
      {"entry:", std::nullopt},
      {"entry:blog/", std::nullopt},
      {"filter:blog.url", std::nullopt},
      {"", std::nullopt},
  }));
  CAPTURE(c.name);
  CHECK(tag_named(c.name) == c.tag);
}
