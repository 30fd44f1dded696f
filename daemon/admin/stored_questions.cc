// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/stored_questions.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "daemon/admin/admin_text.h"
#include "daemon/admin/get_answer.h"
#include "daemon/admin/list_answer.h"
#include "daemon/admin/purge_hint.h"

namespace larder {
namespace {

/// No row is longer: the largest lie in the row of their object.
constexpr std::uint64_t kMostPiece = 256 * 1'024;

AdminText not_looked_up(const Error& error) {
  return {admin_error(500, "not looked up: " + error.context)};
}

AdminText changed(std::string_view how) {
  return {admin_error(409, "the object is not as it was listed: " + std::string(how))};
}

AdminText heads_answer(const PurgeOrder& order, UrlListing& listing, const Config& config,
                       WallTime now) {
  if (listing.error) return not_looked_up(*listing.error);
  const bool found = !listing.objects.empty();
  std::string hint;
  if (!found) hint = purge_hint(order, scopes_to_name(config, listing.scopes));
  return {admin_answer(found ? 200 : 404, "application/json", get_json(order, listing, hint, now))};
}

AdminText piece_answer(Result<std::string> piece, const HeldBytes& held) {
  if (!piece && piece.error().code == Error::Code::not_found) return changed(piece.error().context);
  if (!piece) return not_looked_up(piece.error());
  AdminText answer{admin_head(200, "application/octet-stream", piece->size())};
  answer.body = held.hold_output(std::move(*piece));
  return answer;
}

void ask_piece(const GetQuestion& question, const AdminSources& sources, AdminReply reply) {
  const GetQuestion::Piece wanted = *question.piece;
  // When larderd ends, an answer may come after the sources have gone.
  sources.heads(question.order, [wanted, piece = sources.piece, held = sources.held,
                                 reply = std::move(reply)](const UrlListing& listing) {
    if (listing.error) return reply(not_looked_up(*listing.error));
    const auto& all = listing.objects;
    const auto found = std::find_if(all.begin(), all.end(), [&](const ListedObject& object) {
      return object.sequence == wanted.object;
    });
    if (found == all.end()) return reply(changed("it is not stored any more"));
    if (!held->output_has_room(kMostPiece)) {
      return reply({admin_error(503, "server.max_output has no room for a body now; try again")});
    }
    piece(*found, wanted.index,
          [held, reply](Result<std::string> read) { reply(piece_answer(std::move(read), *held)); });
  });
}

}  // namespace

std::string ask_get(std::string_view query, const SettingsPtr& settings,
                    const AdminSources& sources, AdminReply reply) {
  auto asked = parse_get_query(query, settings->config);
  if (auto* mistake = std::get_if<std::string>(&asked)) return std::move(*mistake);
  const auto& question = std::get<GetQuestion>(asked);
  if (question.piece) {
    ask_piece(question, sources, std::move(reply));
    return "";
  }
  sources.heads(question.order, [order = question.order, settings, now = sources.now(),
                                 reply = std::move(reply)](UrlListing listing) {
    reply(heads_answer(order, listing, settings->config, now));
  });
  return "";
}

std::string ask_list(std::string_view query, const AdminSources& sources, AdminReply reply) {
  auto asked = parse_list_query(query);
  if (auto* mistake = std::get_if<std::string>(&asked)) return std::move(*mistake);
  sources.objects(std::move(std::get<ObjectQuestion>(asked)),
                  [now = sources.now(), reply = std::move(reply)](UrlListing listing) {
                    if (listing.error) return reply(not_looked_up(*listing.error));
                    reply({admin_answer(listing.objects.empty() ? 404 : 200, "application/json",
                                        list_json(listing, now))});
                  });
  return "";
}

}  // namespace larder
