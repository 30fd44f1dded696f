// SPDX-License-Identifier: Apache-2.0
#include "conf/config_reference.h"

#include "conf/config_table.h"
#include "conf/region.h"

namespace larder {

std::vector<KeyFacts> config_reference() {
  std::vector<KeyFacts> facts;
  tell_facts(config_table(), Config{}, "", facts);
  return facts;
}

std::string config_reference_text() {
  std::string text;
  for (const KeyFacts& key : config_reference()) {
    text += key.path;
    text += '\t';
    text += key.allowed;
    text += '\t';
    text += key.initial;
    text += key.effect == Effect::at_once ? "\treload\n" : "\trestart\n";
  }
  return text;
}

std::string allowed_regions() {
  std::string text;
  for (const std::string_view name : region_names()) {
    if (!text.empty()) text += " or ";
    text += value_text(std::string(name));
  }
  return text;
}

}  // namespace larder
