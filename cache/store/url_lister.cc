// SPDX-License-Identifier: Apache-2.0
#include "cache/store/url_lister.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "cache/body/inflater.h"
#include "cache/body/json_stream.h"
#include "cache/store/format.h"
#include "cache/store/lmdb.h"
#include "cache/store/object.h"
#include "cache/store/reader.h"
#include "cache/tags/tag_names.h"

namespace larder {
namespace {

/// Reads the JSON text of a body, as far as the account reaches.
class BodyText {
 public:
  BodyText(Representation coding, TagNames& names, std::uint64_t& account)
      : names_(names), account_(account), json_(&names) {
    if (coding == Representation::gzip) inflater_.emplace();
  }

  /// False = nothing more is wanted.
  bool feed(std::string_view piece) {
    if (!inflater_) return read(piece);
    inflater_->give(piece);
    bool more = true;
    while (const auto text = inflater_->take()) more = more && read(*text);
    return more && !inflater_->broken();
  }

 private:
  bool read(std::string_view text) {
    const auto allowed = static_cast<std::size_t>(std::min<std::uint64_t>(account_, text.size()));
    account_ -= allowed;
    return allowed > 0 && json_.feed(text.substr(0, allowed)) && names_.unnamed() > 0;
  }

  TagNames& names_;
  std::uint64_t& account_;
  JsonStream json_;
  std::optional<Inflater> inflater_;
};

}  // namespace

/// Also where it has been told to stop: who asked is answered with what there is.
void UrlLister::run(Job& job) {
  StoreReader reader(std::make_unique<StoreReader::Impl>(shared_));
  auto found = find(reader, job);
  reader.end_turn();
  if (!found) {
    job.listing.error = found.error();
  } else {
    for (Found& one : *found) {
      look(reader, one, job);
      job.listing.objects.push_back(std::move(one.object));
    }
  }
  if (!job.listing.objects.empty()) job.listing.scopes.clear();
  job.done(std::move(job.listing));
}

Result<std::vector<UrlLister::Found>> UrlLister::find(StoreReader& reader, Job& job) const {
  if (!reader.impl_->ready()) return fail(Error::Code::io, "there is no database");
  // The reader's turn keeps the environment in use.
  const Environment& environment = *reader.impl_->snapshot->environment();
  const ReadTxn txn(environment);
  std::vector<Found> found;
  for (const Place& place : job.places) {
    const Result<void> read =
        txn.for_each_from(environment.objects, place.prefix, [&](const Row& row) {
          if (!row.key.starts_with(place.prefix) || job.listing.more) return false;
          if (row.key.size() != kObjectKeyBytes) return true;
          const CacheKey key = key_of_row(row.key);
          const auto head = decode_object_head(key, row.value);
          if (!head || head->meta.scope != place.scope.mac) return true;
          if (!head->canonical.starts_with(job.url)) return true;
          job.listing.more = found.size() == UrlListing::kMostObjects;
          if (job.listing.more) return false;
          found.push_back({key, listed_object(place.scope, key, *head),
                           std::string(head->canonical), std::string(head->tags)});
          if (job.depth == ListDepth::heads) {
            found.back().object.fields.append(head->entity_fields).append(head->shared_fields);
          }
          return true;
        });
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return found;
}

void UrlLister::look(StoreReader& reader, Found& found, const Job& job) {
  ListedObject& object = found.object;
  const auto view = reader.lookup(found.key, found.canonical, object.scope.mac, job.now);
  settle_state(object, view, job.now);
  if (view) object.uses = reader.uses(view->slot);
  if (job.depth == ListDepth::tags) {
    TagNames names(found.tags);
    names.try_request(object.path, object.query);
    if (view) read_names(reader, found.key, *view, names);
    object.tags = names.take();
    object.unnamed_tags = names.unnamed();
  }
  reader.end_turn();
}

/// `object` dies with the turn of its first row.
void UrlLister::read_names(StoreReader& reader, const CacheKey& key, const ObjectView& object,
                           TagNames& names) {
  if (names.unnamed() == 0) return;
  BodyText text(object.meta.representation, names, text_left_);
  if (object.chunk_count == 0) {
    text.feed(object.body);
    return;
  }
  const std::uint64_t sequence = object.sequence;
  const std::uint32_t chunks = object.chunk_count;
  const ReaderLease lease = reader.lease(object);
  reader.end_turn();
  for (std::uint32_t i = 0; i < chunks && !stopping_(); ++i) {
    const auto chunk = reader.chunk(key, sequence, i);
    const bool more = chunk && text.feed(*chunk);
    reader.end_turn();
    if (!more) return;
  }
}

}  // namespace larder
