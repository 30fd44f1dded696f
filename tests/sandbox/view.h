// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sandbox/content.h"
#include "tests/sandbox/json.h"
#include "tests/sandbox/params.h"

/// How an entry or asset looks in an answer: references, projections, extras. An entry shows each
/// asset as it was published last, and null in place of one that is not.
namespace sandbox {

/// What of a request besides path and query changes bodies.
struct Audience {
  std::string variants;      ///< `x-cs-variant-uid`: a comma list, blanks taken out, three at most
  std::string early_access;  ///< `x-header-ea`: a comma list, blanks taken out, sorted
  std::string timeline;      ///< `release_id@preview_timestamp`
  std::string draft;         ///< the hash at the preview host; empty = published content
};

class View {
 public:
  View(const Space& space, const Params& params, const Audience& audience);

  Json entry(const std::string& type, const Json& entry);
  Json asset(const Json& asset) const;

  const std::string& locale() const { return locale_; }
  bool fallback() const { return fallback_; }
  int references() const { return references_; }  ///< included so far
  int depth() const { return depth_; }            ///< deepest level of them

 private:
  Json level(const std::string& type, const Json& entry, const std::string& path, int depth);
  Json field(const std::string& name, const Json& value, const std::string& path, int depth);
  bool shows(const std::string& place, const std::string& name) const;
  bool includes(const std::string& path, int depth) const;
  bool named(const std::string& path) const;
  void add_extras(const std::string& type, const Json& entry, Json& body) const;
  void mark(Json& body) const;

  const Space& space_;
  const Audience& audience_;
  std::string locale_;
  bool fallback_;
  bool dimension_, relative_urls_, branch_, metadata_, owner_, embedded_;
  int all_depth_ = 0;  ///< of `include_all`
  long version_;
  std::set<std::string> includes_;
  std::map<std::string, std::set<std::string>> only_, except_;  ///< "BASE" or path -> names
  int references_ = 0;
  int depth_ = 0;
};

}  // namespace sandbox
