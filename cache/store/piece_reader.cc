// SPDX-License-Identifier: Apache-2.0
#include "cache/store/piece_reader.h"

#include <optional>
#include <string_view>

#include "cache/store/lmdb.h"
#include "cache/store/object.h"
#include "cache/store/reader.h"

namespace larder {
namespace {

/// What a lookup compares.
struct Whose {
  std::string canonical;
  ScopeMac scope;
};

/// Of the object under `key`.
Result<Whose> whose(const Environment& environment, const CacheKey& key) {
  std::optional<Whose> found;
  const ReadTxn txn(environment);
  const Result<void> read = txn.for_each_from(environment.objects, key.view(), [&](const Row& row) {
    if (row.key != key.view()) return false;
    const auto head = decode_object_head(key, row.value);
    if (head) found = Whose{std::string(head->canonical), head->meta.scope};
    return false;
  });
  if (!read) return tl::unexpected<Error>(read.error());
  if (!found) return fail(Error::Code::not_found, "it is not stored any more");
  return *found;
}

}  // namespace

void PieceReader::run(PieceJob& job) {
  job.done(read(job));
}

Result<std::string> PieceReader::read(const PieceJob& job) const {
  StoreReader reader(std::make_unique<StoreReader::Impl>(shared_));
  if (!reader.impl_->ready()) return fail(Error::Code::io, "there is no database");
  // The reader's turn keeps the environment in use.
  const auto of = whose(*reader.impl_->snapshot->environment(), job.key);
  if (!of) return tl::unexpected<Error>(of.error());
  const auto view = reader.lookup(job.key, of->canonical, of->scope, job.now);
  if (!view || view->sequence != job.sequence) {
    return fail(Error::Code::not_found, "it has been replaced, purged or evicted meanwhile");
  }
  if (view->chunk_count == 0 && job.index == 0) return std::string(view->body);
  if (job.index >= view->chunk_count) return fail(Error::Code::not_found, "it has no such piece");
  const auto chunk = reader.chunk(job.key, job.sequence, job.index);
  if (!chunk) return fail(Error::Code::not_found, "it has been removed meanwhile, or is damaged");
  return std::string(*chunk);
}

}  // namespace larder
