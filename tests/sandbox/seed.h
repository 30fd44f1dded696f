// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/sandbox/content.h"

/// What is published when the sandbox starts: always the same.
namespace sandbox {

Json publish_details(const Space& space, const std::string& locale, const std::string& time);

/// A first version (0) of an entry or asset that the seed does not have.
Json new_object(const Space& space, const std::string& type, const std::string& uid);

/// Fills one space.
class Seeder {
 public:
  explicit Seeder(Space& space) : space_(space) {}
  void fill();

 private:
  void add_blogs();
  void add_others();
  void add_assets();
  void add_schemas();
  void add_taxonomies();
  void add_term(const std::string& taxonomy, const std::string& uid, const std::string& parent,
                int depth);
  /// Adds the entry in en-us and in the further locales.
  void add_entry(const std::string& type, const std::string& uid, const std::string& title,
                 const Json& fields, const std::vector<std::string>& locales);

  Space& space_;
};

}  // namespace sandbox
