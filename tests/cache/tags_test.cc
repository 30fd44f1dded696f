// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cache/body/json_stream.h"
#include "cache/tags/change.h"
#include "cache/tags/raw_entries.h"
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

/// The tags that the tests speak of, by names that can be read.
std::map<std::string, std::string> tags_by_octets() {
  std::map<std::string, std::string> names;
  const auto learn = [&](const std::string& name, Tag tag) {
    TagSet one;
    one.add(tag);
    REQUIRE(names.emplace(one.take(), name).second);
  };
  for (const std::string word : {"a", "b", "c", "d", "e1", "e2", "e3", "x1", "x2", "blog", "author",
                                 "page", "seo", "colour", "red"}) {
    learn("entry:" + word, entry_tag(word));
    learn("to:" + word, reference_tag(word));
    learn("stub:" + word, stub_tag(word));
    learn("content:" + word, content_tag(word));
    learn("list:" + word, list_tag(word));
    learn("arrival:" + word, arrival_tag(word));
    learn("departure:" + word, departure_tag(word));
    learn("filtered:" + word, filtered_tag(word));
    learn("asset:" + word, asset_tag(word));
    learn("schema:" + word, schema_tag(word));
    learn("field:" + word, global_field_tag(word));
    learn("taxonomy:" + word, taxonomy_tag(word));
  }
  learn("any list", any_list_tag());
  learn("inclusion", inclusion_tag());
  learn("assets", asset_list_tag());
  learn("missing asset", missing_asset_tag());
  learn("schemas", schema_list_tag());
  learn("any schema", any_schema_tag());
  learn("fields", global_field_list_tag());
  learn("any taxonomy", any_taxonomy_tag());
  learn("unknown", unknown_tag());
  return names;
}

using Names = std::set<std::string>;

Names names_of(const std::string& carried) {
  static const auto kNames = tags_by_octets();
  Names names;
  REQUIRE(carried.size() % 8 == 0);
  for (std::size_t at = 0; at < carried.size(); at += 8) {
    const auto found = kNames.find(carried.substr(at, 8));
    names.insert(found == kNames.end() ? "?" : found->second);
  }
  return names;
}

/// Of a body alone, fed in pieces of `piece` octets.
std::string tags_in(const std::string& body, const std::string& content_type = "",
                    std::size_t piece = 1'000'000, bool includes = true) {
  TagSet tags;
  TagFinder finder(content_type, includes, tags);
  JsonStream stream(&finder);
  for (std::size_t at = 0; at < body.size(); at += piece) {
    REQUIRE(stream.feed(std::string_view(body).substr(at, piece)));
  }
  REQUIRE(stream.finish());
  return tags.take();
}

Names names_in(const std::string& body, const std::string& content_type = "") {
  return names_of(tags_in(body, content_type));
}

Names names_of_request(const std::string& path, const std::string& query = "", bool found = true) {
  TagSet tags;
  add_request_tags(request_of(path, query), found, tags);
  return names_of(tags.take());
}

std::string nested(unsigned depth, const std::string& inner) {
  std::string text;
  for (unsigned i = 0; i < depth; ++i) text += "[";
  text += inner;
  for (unsigned i = 0; i < depth; ++i) text += "]";
  return text;
}

}  // namespace

TEST_CASE("an entry is tagged by its own uid and the content type of the path") {
  CHECK(names_in(R"({"entry":{"uid":"a","title":"A"}})", "blog") ==
        Names{"entry:a", "content:blog"});
  CHECK(names_in(R"({"entries":[{"uid":"a"},{"title":"B","uid":"b"}],"count":2})", "blog") ==
        Names{"entry:a", "entry:b", "content:blog"});
}

TEST_CASE("what an entry refers to is tagged, included or not, wherever it lies") {
  const struct {
    const char* body;
    Names names;
  } kCases[] = {
      {R"({"entry":{"uid":"a","author":[{"uid":"b","_content_type_uid":"author"}]}})",
       {"entry:a", "content:blog", "to:b", "content:author"}},
      {R"({"entry":{"uid":"a","by":{"_content_type_uid":"author","_version":2,"uid":"b",
           "of":[{"uid":"c","_content_type_uid":"page"}]}}})",
       {"entry:a", "content:blog", "entry:b", "content:author", "to:c", "content:page"}},
      {R"({"entry":{"uid":"a","_embedded_items":{"rte":[{"uid":"b","_content_type_uid":"page"},
           {"uid":"x1","_content_type_uid":"sys_assets"}]}}})",
       {"entry:a", "content:blog", "to:b", "content:page", "asset:x1"}},
      {R"({"entry":{"uid":"a","image":{"uid":"x1","filename":"f.png","_version":2}}})",
       {"entry:a", "content:blog", "asset:x1"}},
      {R"({"entry":{"uid":"a","rte":{"children":[{"attrs":{"entry-uid":"b",
           "content-type-uid":"page"}},{"attrs":{"asset-uid":"x2"}}]}}})",
       {"entry:a", "content:blog", "to:b", "asset:x2"}},
      {R"({"entry":{"uid":"a","by":[{"uid":"b","_version":3}]}})",  // says no content type
       {"entry:a", "content:blog", "entry:b"}},
      {R"({"entry":{"uid":"a","taxonomies":[{"taxonomy_uid":"colour","term_uid":"red"}]}})",
       {"entry:a", "content:blog", "taxonomy:colour"}},
  };
  for (const auto& row : kCases) {
    INFO(row.body);
    CHECK(names_in(row.body, "blog") == row.names);
  }
}

TEST_CASE("a field of an entry that is null may lack an asset that is not published") {
  const struct {
    const char* body;
    bool may_lack;
  } kCases[] = {
      {R"({"entry":{"uid":"a","image":null}})", true},
      {R"({"entry":{"uid":"a","images":[null]}})", true},
      {R"({"entries":[{"uid":"a"},{"uid":"b","blocks":[{"hero":{"image":null}}]}]})", true},
      {R"({"entry":{"uid":"a","by":[{"uid":"b","_content_type_uid":"author","photo":null}]}})",
       true},
      {R"({"entry":{"uid":"a","filename":"a.pdf","image":null}})", true},
      {R"({"entry":{"uid":"a","by":[{"uid":"b","_content_type_uid":"author","filename":"f","cv":null}]}})",
       true},
      {R"({"entry":{"uid":"a","group":{"filename":"f","image":null}}})", true},
      {R"({"entry":{"uid":"a","image":{"parent_uid":null,"uid":"x1","filename":"f.png"}}})", false},
      {R"({"entry":{"uid":"a","image":{"uid":"x1","filename":"f","publish_details":{"user":null}}}})",
       false},
      {R"({"entry":{"uid":"a","featured":false}})", false},
      {R"({"entry":{"uid":"a"},"count":null})", false},
      {R"({"asset":{"uid":"x1","description":null}})", false},
      {R"({"content_type":{"uid":"blog","schema":[{"uid":"a","options":null}]}})", false},
  };
  for (const auto& row : kCases) {
    INFO(row.body);
    CHECK(names_in(row.body, "blog").contains("missing asset") == row.may_lack);
  }
}

TEST_CASE("a uid that is none of content is no tag") {
  CHECK(names_in(R"({"entry":{"uid":"a","group":{"uid":"b"},"ids":["c"],"uids":{"uid":["d"]}}})",
                 "blog") == Names{"entry:a", "content:blog"});
  CHECK(names_in(R"({"content_type":{"uid":"blog","schema":[{"uid":"a","data_type":"text"}]}})") ==
        Names{"schema:blog"});
}

TEST_CASE("assets, schemas, global fields and taxonomies are tagged by their uids") {
  CHECK(names_in(R"({"asset":{"uid":"x1"}})") == Names{"asset:x1"});
  CHECK(names_in(R"({"assets":[{"uid":"x1"},{"uid":"x2","is_dir":true}]})") ==
        Names{"asset:x1", "asset:x2"});
  CHECK(names_in(R"({"content_types":[{"uid":"blog"},{"uid":"page"}]})") ==
        Names{"schema:blog", "schema:page"});
  CHECK(names_in(R"({"global_fields":[{"uid":"seo"}]})") == Names{"field:seo"});
  CHECK(names_in(R"({"taxonomy":{"uid":"colour"}})") == Names{"taxonomy:colour"});
}

TEST_CASE("entries without uids depend on all of their content type") {
  CHECK(names_in(R"({"entries":[{"title":"A"}]})", "blog") == Names{"content:blog", "list:blog"});
  CHECK(names_in(R"({"entries":[{"title":"A"}]})") == Names{"any list"});
  CHECK(names_in(R"({"entry":{"uid":"a","by":{"_content_type_uid":"author"}}})", "blog") ==
        Names{"entry:a", "content:blog", "content:author", "list:author"});
}

TEST_CASE("what cannot be followed may depend on anything") {
  const std::string long_uid(200, 'u');
  CHECK(names_in(R"({"entry":{"uid":")" + long_uid + R"("}})", "blog").contains("unknown"));
  CHECK(names_in(nested(200, R"({"uid":"a","_version":1})")) == Names{"unknown"});
  CHECK(names_in(nested(100, R"({"uid":"a","_version":1})")) == Names{"entry:a"});
}

TEST_CASE("where a body is cut changes no tag") {
  const std::string body =
      R"({"entries":[{"uid":"\u0061","author":[{"_content_type_uid":"auth\u006fr","uid":"b"}],)"
      R"("image":{"filename":"f","uid":"x1"},"n":[1,2,null,{"uid":null}]},{"uid":"c"}]})";
  const auto whole = tags_in(body, "blog");
  CHECK(names_of(whole) == Names{"entry:a", "to:b", "entry:c", "content:blog", "content:author",
                                 "asset:x1", "missing asset"});
  for (std::size_t piece = 1; piece < 40; ++piece) {
    INFO(piece);
    CHECK(tags_in(body, "blog", piece) == whole);
  }
}

TEST_CASE("too many entries of a content type become all of them") {
  const auto body_of = [](std::size_t count, const std::string& more) {
    std::string body = R"({"entries":[)" + more;
    for (std::size_t i = 0; i < count; ++i) {
      body += R"({"uid":"n)" + std::to_string(i) + R"("},)";
    }
    return body + R"({"uid":"a"}]})";
  };
  const auto fits = tags_in(body_of(TagSet::kMostEntries - 1, ""), "blog");
  CHECK(fits.size() == 8 * (TagSet::kMostEntries + 1));
  CHECK_FALSE(names_of(fits).contains("list:blog"));
  const auto author = R"({"uid":"b","by":{"uid":"c","_content_type_uid":"author"}},)";
  CHECK(names_in(body_of(3 * TagSet::kMostEntries, author), "blog") ==
        Names{"content:blog", "content:author", "list:blog", "list:author"});
  CHECK(names_in(body_of(3 * TagSet::kMostEntries, R"({"by":{"uid":"b","_version":1}},)"),
                 "blog") == Names{"unknown"});
}

TEST_CASE("too many assets become all of them, too many content types anything") {
  TagSet tags;
  for (int i = 0; i < 5'000; ++i) tags.add_asset("n" + std::to_string(i));
  tags.add_entry("blog", "a");
  CHECK(names_of(tags.take()) == Names{"assets", "entry:a", "content:blog"});
  for (int i = 0; i < 5'000; ++i) tags.add_content("n" + std::to_string(i));
  CHECK(names_of(tags.take()) == Names{"unknown"});
  CHECK(tags.take().empty());
}

TEST_CASE("a path and a query tell what an answer depends on beyond its body") {
  const struct {
    const char* path;
    const char* query;
    bool found;
    Names names;
  } kCases[] = {
      {"/v3/content_types/blog/entries/a", "", true, {"to:a", "content:blog"}},
      {"/v3/content_types/blog/entries/a", "", false, {"to:a", "content:blog", "schema:blog"}},
      {"/v3/content_types/blog/entries", "", true, {"content:blog", "arrival:blog"}},
      {"/v3/content_types/b%6Cog/entries", "limit=2", true, {"content:blog", "arrival:blog"}},
      {"/v3/content_types/blog/entries",
       "query=%7B%22author%22%3A%7B%22%24in_query%22%3A%7B%7D%7D%7D",
       true,
       {"content:blog", "arrival:blog", "any list"}},
      {"/v3/content_types/blog/entries",
       "query=%7B%22taxonomies.colour%22%3A%22red%22%7D",
       true,
       {"content:blog", "arrival:blog", "any taxonomy"}},
      {"/v3/content_types/blog/entries/a",
       "include_content_type=true",
       true,
       {"to:a", "content:blog", "schema:blog", "any schema"}},
      {"/v3/content_types/blog/entries/a", "include%5B%5D=author", true, {"to:a", "content:blog"}},
      {"/v3/content_types/blog/entries",
       "query=%7B%22author.title%22%3A%22red%22%7D",
       true,
       {"content:blog", "arrival:blog", "any list"}},
      {"/v3/content_types/blog/entries/a",
       "include_embedded_items%5B%5D=BASE",
       true,
       {"to:a", "content:blog"}},
      {"/v3/content_types/blog/entries/a", "include_all=true", true, {"to:a", "content:blog"}},
      {"/v3/content_types/blog/entries",
       "query=%7B%22author%22%3A%7B%22%5Cu0024in_query%22%3A%7B%7D%7D%7D",
       true,
       {"content:blog", "arrival:blog", "any list", "any taxonomy"}},
      {"/v3/content_types/blog/entries",
       "asc=author.title",
       true,
       {"content:blog", "arrival:blog", "any list"}},
      {"/v3/content_types/blog/entries/a/else",
       "",
       false,
       {"content:blog", "list:blog", "schema:blog"}},
      {"/v3/content_types", "", true, {"schemas", "any schema"}},
      {"/v3/content_types/blog", "", true, {"schema:blog", "any schema"}},
      {"/v3/assets", "", true, {"assets"}},
      {"/v3/assets/x1", "", true, {"asset:x1"}},
      {"/v3/assets/x1", "", false, {"asset:x1", "assets"}},
      {"/v3/global_fields", "", true, {"fields"}},
      {"/v3/global_fields/seo", "", true, {"field:seo"}},
      {"/v3/taxonomies", "", true, {"any taxonomy"}},
      {"/v3/taxonomies/colour/terms/red", "", true, {"taxonomy:colour"}},
      {"/v3/taxonomies/entries", "", true, {"any taxonomy", "any list"}},
      {"/v3/stacks/sync", "", true, {"unknown"}},
  };
  for (const auto& row : kCases) {
    INFO(row.path << " " << row.query << " found " << row.found);
    CHECK(names_of_request(row.path, row.query, row.found) == row.names);
  }
}

TEST_CASE("a list that entries change by going, though it does not show them, is told apart") {
  const std::string path = "/v3/content_types/blog/entries";
  for (const char* query :
       {"skip=2", "include_count=true", "count=true", "include_fallback=true", "typeahead=a",
        "desc=title&limit=3&skip=3", "of_a_later_api=1", "query%5Ba%5D=b"}) {
    INFO(query);
    CHECK(names_of_request(path, query) == Names{"content:blog", "list:blog"});
  }
  for (const char* query :
       {"environment=production&locale=fr-fr&branch=main", "desc=title&limit=3", "skip=0",
        "query=%7B%22a%22%3A%7B%22%24gt%22%3A1%7D%7D",
        "only%5BBASE%5D%5B%5D=title&except%5BBASE%5D%5B%5D=url", "include_content_type=true"}) {
    INFO(query);
    const Names names = names_of_request(path, query);
    CHECK(names.contains("arrival:blog"));
    CHECK_FALSE(names.contains("list:blog"));
  }
}

TEST_CASE("an entry that is only named is a reference where it may be shown, else a stub") {
  const std::string body =
      R"({"entry":{"uid":"a","_version":1,"by":[{"uid":"b","_content_type_uid":"author"}]}})";
  const Names names = names_of(tags_in(body, "blog", 1'000'000, false));
  CHECK(names == Names{"entry:a", "stub:b", "content:blog", "content:author"});
  CHECK(names_of(tags_in(body, "blog")).contains("to:b"));
  for (const char* query : {"include%5B%5D=by", "include=by", "include_all=true",
                            "of_a_later_api=1", "include_embedded_items%5B%5D=BASE"}) {
    INFO(query);
    CHECK(may_include(query));
  }
  for (const char* query : {"", "locale=en-us&limit=5", "include_fallback=true",
                            "include_dimension=true", "query=%7B%22url%22%3A%22%2Fa%22%7D"}) {
    INFO(query);
    CHECK_FALSE(may_include(query));
  }
}

TEST_CASE("what only refers to an entry changes when that goes, not when it comes") {
  using Action = ContentChange::Action;
  TagSet tags;
  tags.add_stub("author", "b");
  const std::string carried = tags.take();
  const auto meets = [&](Action action) {
    return has_any_tag(carried,
                       tags_of({ContentChange::What::entry, "author", "b", action, "en-us"}));
  };
  CHECK_FALSE(meets(Action::published));
  CHECK(meets(Action::gone));
  CHECK(meets(Action::unknown));
  CHECK(has_any_tag(carried, tags_of({ContentChange::What::content_type, "", "author"})));
}

TEST_CASE("when what is shown was published is told with it") {
  const std::string details = R"("publish_details":{"environment":"x","locale":"fr-fr",)";
  const auto [body, publishings] = GENERATE_COPY(table<std::string, std::vector<Publishing>>({
      {R"({"entry":{"uid":"a","locale":"en-us","time":"2020-01-01T00:00:00Z",)" + details +
           R"("time":"1970-01-01T00:00:01.500Z"},"by":[{"uid":"b","_content_type_uid":"author","_version":1,)" +
           details + R"("time":"1970-01-01T00:00:02Z"}}],"image":{"uid":"x1","filename":"f",)" +
           details + R"("time":"1970-01-01T00:00:03Z"}}}})",
       {{entry_tag("b"), locale_hash("fr-fr"), {2'000}},
        {asset_tag("x1"), locale_hash("fr-fr"), {3'000}},
        {entry_tag("a"), locale_hash("fr-fr"), {1'500}}}},
      {R"({"entry":{"uid":"a",)" + details + R"("time":"lately"}}})", {}},
      {R"({"entry":{"uid":"a","publish_details":{"time":"1970-01-01T00:00:01Z"}}})", {}},
      {R"({"entry":{"uid":"a","publish_details":[{"locale":"fr-fr","time":"1970-01-01T00:00:01Z"}]}})",
       {}},
      {R"({"entry":{"uid":"a","group":{"locale":"fr-fr","time":"1970-01-01T00:00:01Z"}}})", {}},
      {R"({"entry":{"uid":"a","time":")" + std::string(500, 't') + R"("}})", {}},
  }));
  CAPTURE(body);
  TagSet tags;
  TagFinder finder("blog", true, tags);
  JsonStream stream(&finder);
  REQUIRE((stream.feed(body) && stream.finish()));
  CHECK(tags.take_publishings() == publishings);
  CHECK_FALSE(has_any_tag(tags.take(), std::vector{unknown_tag()}));
}

TEST_CASE("the content type of a path") {
  CHECK(content_type_of("/v3/content_types/blog/entries/a") == "blog");
  CHECK(content_type_of("/v3/content_types/b%20log") == "b log");
  CHECK(content_type_of("/v3/content_types").empty());
  CHECK(content_type_of("/v3/assets/blog").empty());
}

TEST_CASE("a change meets what shows it, and lists of its kind, and nothing else") {
  using What = ContentChange::What;
  const auto meets = [](const ContentChange& change, const std::string& path,
                        const std::string& body, bool found = true) {
    TagSet tags;
    add_request_tags(request_of(path, ""), found, tags);
    TagFinder finder(content_type_of(path), false, tags);
    JsonStream stream(&finder);
    REQUIRE(stream.feed(body));
    return has_any_tag(tags.take(), tags_of(change));
  };
  const std::string entry = "/v3/content_types/blog/entries/a";
  const std::string list = "/v3/content_types/blog/entries";
  const std::string shows =
      R"({"entry":{"uid":"a","by":[{"uid":"b","_content_type_uid":"author"}]}})";
  CHECK(meets({What::entry, "blog", "a"}, entry, shows));
  CHECK(meets({What::entry, "author", "b"}, entry, shows));
  CHECK_FALSE(meets({What::entry, "blog", "c"}, entry, shows));
  CHECK_FALSE(meets({What::entry, "author", "c"}, entry, shows));
  CHECK(meets({What::entry, "blog", "c"}, list, R"({"entries":[{"uid":"a"}]})"));
  CHECK_FALSE(meets({What::entry, "page", "c"}, list, R"({"entries":[{"uid":"a"}]})"));
  CHECK(meets({What::entry, "blog", "a"}, entry, R"({"error_code":141})", false));
  CHECK_FALSE(meets({What::entry, "blog", "c"}, entry, R"({"error_code":141})", false));
  CHECK(meets({What::entry, "blog", "c"}, list, R"({"error_code":118})", false));
  CHECK(meets({What::content_type, "", "blog"}, entry, R"({"error_code":118})", false));
  CHECK(meets({What::content_type, "", "author"}, entry, shows));
  CHECK(meets({What::content_type, "", "blog"}, entry, shows));
  CHECK_FALSE(meets({What::content_type, "", "page"}, entry, shows));
  CHECK_FALSE(meets({What::asset, "", "x1"}, entry, shows));
  CHECK(meets({What::asset, "", "x1"}, "/v3/assets", R"({"assets":[]})"));
  CHECK(meets({What::content_type, "", "page"}, "/v3/content_types", R"({"content_types":[]})"));
  CHECK_FALSE(meets({What::content_type, "", "page"}, "/v3/content_types/blog",
                    R"({"content_type":{"uid":"blog"}})"));
  CHECK(meets({What::global_field, "", "seo"}, "/v3/content_types/blog",
              R"({"content_type":{"uid":"blog"}})"));
  CHECK(meets({What::taxonomy, "", "colour"}, "/v3/taxonomies/colour", R"({"taxonomy":{}})"));
  CHECK(meets({What::entry, "page", "z"}, "/v3/stacks/sync", R"({"items":[]})"));
}

TEST_CASE("an entry that is gone meets what shows it, and lists that feel its absence") {
  const auto meets = [](ContentChange::Action action, const char* query, const char* body,
                        const char* path = "/v3/content_types/blog/entries", bool found = true) {
    TagSet tags;
    const Inclusion inclusion = add_request_tags(request_of(path, query), found, tags);
    TagFinder finder(content_type_of(path), may_include(query), tags);
    JsonStream stream(&finder);
    REQUIRE(stream.feed(body));
    add_inclusions(inclusion, false, 1, RawEntries(0), tags);
    return has_any_tag(tags.take(),
                       tags_of({ContentChange::What::entry, "blog", "c", action, "en-us"}));
  };
  const auto others = R"({"entries":[{"uid":"a"}]})";
  const auto shown = R"({"entries":[{"uid":"a"},{"uid":"c"}]})";
  const auto refers = R"({"entries":[{"uid":"a","by":[{"uid":"c","_content_type_uid":"blog"}]}]})";
  const auto nameless = R"({"entries":[{"title":"A"}]})";
  const char* const one = "/v3/content_types/page/entries/a";
  const auto alone = R"({"entry":{"uid":"a"}})";
  const auto missing = R"({"error_code":141})";
  const char* const negative = "/v3/content_types/blog/entries/c";
  const char* const other = "/v3/content_types/blog/entries/d";
  using Action = ContentChange::Action;
  for (const Action action : {Action::published, Action::unknown}) {
    CHECK(meets(action, "limit=5", others));
    CHECK(meets(action, "skip=5", others));
    CHECK(meets(action, "include%5B%5D=by", alone, one));
    CHECK(meets(action, "", missing, negative, false));
    CHECK_FALSE(meets(action, "", missing, other, false));
  }
  CHECK_FALSE(meets(Action::gone, "limit=5", others));
  CHECK_FALSE(meets(Action::gone, "include%5B%5D=by", alone, one));
  CHECK_FALSE(meets(Action::gone, "", missing, other, false));
  for (const auto body : {shown, refers, nameless}) CHECK(meets(Action::gone, "limit=5", body));
  for (const char* query : {"skip=5", "include_count=true", "include_fallback=true",
                            "query=%7B%22by%22%3A%7B%22%24in_query%22%3A%7B%7D%7D%7D"}) {
    INFO(query);
    CHECK(meets(Action::gone, query, others));
  }
}

TEST_CASE("a filtered list is met by entries that pass its filter, and by those that it shows") {
  using Action = ContentChange::Action;
  struct Case {
    std::string query;
    /// What a publishing does that has the url /a, one that has another, one whose values are not
    /// known, and an entry that goes.
    bool same, other, unknown, gone;
  };
  const std::string filter = "query=%7B%22url%22%3A%22%2Fa%22%7D";
  const auto c = GENERATE_COPY(values<Case>({
      {filter, true, false, true, false},
      {filter + "&skip=0&limit=5&desc=title&include%5B%5D=by", true, false, true, false},
      {filter + "&include_fallback=true", true, false, true, true},
      {filter + "&skip=5", true, true, true, true},
      {filter + "&include_count=true", true, true, true, true},
      {filter + "&typeahead=x", true, true, true, true},
      {filter + "&" + filter, true, true, true, false},
      {"query=%7B%22url%22%3A%7B%22%24ne%22%3A%22%2Fb%22%7D%7D", true, true, true, false},
      {"query=%7B%22url%22%3A%22%2Fa%22%2C%22by%22%3A%7B%22%24in_query%22%3A%7B%7D%7D%7D", true,
       true, true, true},
      {"limit=5", true, true, true, false},
  }));
  CAPTURE(c.query);
  CanonicalRequest request = request_of("/v3/content_types/blog/entries", c.query);
  const auto carried = [&](const char* body) {
    TagSet tags;
    add_request_tags(request, true, tags);
    TagFinder finder("blog", true, tags);
    JsonStream stream(&finder);
    REQUIRE(stream.feed(body));
    return tags.take();
  };
  const auto change = [](Action action, std::optional<std::vector<FieldValue>> fields) {
    ContentChange one{ContentChange::What::entry, "blog", "c", action, "en-us"};
    one.values = std::move(fields);
    return one;
  };
  const auto same =
      change(Action::published, {{field_value("title", "T"), field_value("url", "/A")}});
  const auto other =
      change(Action::published, {{field_value("title", "/a"), field_value("url", "/b")}});
  const auto some = change(Action::published, {{any_value("url")}});
  const std::string others = carried(R"({"entries":[{"uid":"a"}]})");
  CHECK(has_any_tag(others, tags_of(same)) == c.same);
  CHECK(has_any_tag(others, exact_tags_of(same)) == c.same);
  CHECK(has_any_tag(others, tags_of(some)) == c.same);
  CHECK(has_any_tag(others, tags_of(other)) == c.other);
  CHECK(has_any_tag(others, tags_of(change(Action::published, {}))) == c.unknown);
  CHECK(has_any_tag(others, tags_of(change(Action::unknown, {}))));
  CHECK(has_any_tag(others, tags_of(change(Action::gone, {}))) == c.gone);
  CHECK(has_any_tag(others, tags_of({ContentChange::What::content_type, "", "blog"})));
  const std::string shown = carried(R"({"entries":[{"uid":"c"}]})");
  for (const auto& one : {same, other, change(Action::gone, {})})
    CHECK(has_any_tag(shown, tags_of(one)));
  for (const bool variant : {false, true}) {
    request.variants = variant ? "v" : "";
    request.early_access = variant ? "" : "new";
    CHECK(has_any_tag(carried("{}"), tags_of(other)));
  }
}

TEST_CASE("a list is outdated if a cache has had it since before an entry of its kind came") {
  using Action = ContentChange::Action;
  for (const char* query : {"limit=5", "skip=5"}) {
    TagSet tags;
    add_request_tags(request_of("/v3/content_types/blog/entries", query), true, tags);
    const auto carried = tags.take();
    const auto meets = [&](const char* type, Action action) {
      return has_any_tag(carried,
                         exact_tags_of({ContentChange::What::entry, type, "c", action, "en-us"}));
    };
    CHECK(meets("blog", Action::published));
    CHECK(meets("blog", Action::unknown));
    CHECK(meets("blog", Action::gone) == (std::string(query) == "skip=5"));
    CHECK_FALSE(meets("page", Action::published));
  }
}

TEST_CASE("carried tags are found by value, whatever their number") {
  std::mt19937_64 random(7);
  for (std::size_t count = 0; count < 70; ++count) {
    TagSet tags;
    std::vector<Tag> in;
    for (std::size_t i = 0; i < count; ++i) in.push_back({random()});
    for (const Tag tag : in) tags.add(tag);
    const auto carried = tags.take();
    REQUIRE(carried.size() == 8 * count);
    for (const Tag tag : in) CHECK(has_any_tag(carried, std::vector<Tag>{{random()}, tag}));
    CHECK_FALSE(has_any_tag(carried, std::vector<Tag>{{random()}, {random()}}));
  }
}

TEST_CASE("the content type of each entry among changes is added once, and outdates nothing") {
  using What = ContentChange::What;
  std::vector<ContentChange> changes{{What::entry, "blog", "a"},
                                     {What::asset, "", "x1"},
                                     {What::entry, "page", "b"},
                                     {What::entry, "blog", "c"}};
  add_content_types(changes);
  REQUIRE(changes.size() == 6);
  CHECK(changes[4].what == What::content_type);
  CHECK(changes[4].uid == "blog");
  CHECK(changes[5].uid == "page");
  CHECK(exact_tags_of(changes[4]).empty());
  const std::string refers_to_one_of_it =
      tags_in(R"({"entry":{"uid":"d","of":[{"uid":"b","_content_type_uid":"page"}]}})", "author");
  CHECK(has_any_tag(refers_to_one_of_it, tags_of(changes[5])));
  CHECK_FALSE(has_any_tag(refers_to_one_of_it, tags_of(changes[4])));
}
