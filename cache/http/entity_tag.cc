// SPDX-License-Identifier: Apache-2.0
#include "cache/http/entity_tag.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>

#include "conf/base/check.h"
#include "conf/base/octets.h"
#include "conf/base/patient_memory.h"

namespace larder {

struct EntityTagBuilder::State {
  XXH3_state_t* hash = patiently(XXH3_createState);  // wants to be aligned by 64
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { XXH3_freeState(hash); }
};

EntityTagBuilder::EntityTagBuilder(Representation coding) : state_(std::make_unique<State>()) {
  LARDER_CHECK(state_->hash != nullptr);
  LARDER_CHECK(XXH3_128bits_reset(state_->hash) == XXH_OK);
  const char code = coding == Representation::gzip ? 'g' : 'i';
  add({&code, 1});
}

EntityTagBuilder::~EntityTagBuilder() = default;
EntityTagBuilder::EntityTagBuilder(EntityTagBuilder&&) noexcept = default;
EntityTagBuilder& EntityTagBuilder::operator=(EntityTagBuilder&&) noexcept = default;

void EntityTagBuilder::add(std::string_view piece) {
  LARDER_CHECK(XXH3_128bits_update(state_->hash, piece.data(), piece.size()) == XXH_OK);
}

EntityTag EntityTagBuilder::finish() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->hash));
  EntityTag tag;
  static_assert(sizeof canonical.digest == sizeof tag.bytes);
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), tag.bytes.begin());
  return tag;
}

std::string format_entity_tag(const EntityTag& tag) {
  std::string text = "\"";
  text += hex_text(tag.bytes);
  text.push_back('"');
  return text;
}

}  // namespace larder
