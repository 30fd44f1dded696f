// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_transport.h"

#include <uv.h>

#include <algorithm>
#include <array>
#include <utility>

#include "conf/base/check.h"

namespace larder {
namespace {

/// Plaintext that is sealed for one call of the socket, or ahead of a slow client.
constexpr std::size_t kBatchBytes = 4 * TlsSession::kRecordBytes;
/// Sealed bytes behind a write that is out: what a client causes that only asks and does not read.
constexpr std::size_t kMaxBehind = 32 * 1024;
/// A turn's bytes take about as long.
constexpr std::uint64_t kTurnNs = 300'000;

constexpr std::string_view kPlainHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 91\r\n"
    "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    "{\"error_message\":\"This port speaks TLS: use "
    "https://\",\"error_code\":400,\"errors\":{\"tls\":[]}}";

/// Plaintext of several pieces, record by record. What fills a record of its own is not copied.
class Records {
 public:
  Records(std::span<const std::string_view> pieces, std::string& copy)
      : pieces_(pieces), copy_(copy) {
    skip_empty();
  }

  std::size_t left() const {
    std::size_t bytes = 0;
    for (const auto piece : pieces_) bytes += piece.size();
    return bytes - offset_;
  }

  /// Good until the next call; empty = there is no more.
  std::string_view next() {
    if (pieces_.empty()) return {};
    const auto front = pieces_.front().substr(offset_, TlsSession::kRecordBytes);
    if (pieces_.size() == 1 || front.size() == TlsSession::kRecordBytes) return take(front.size());
    copy_.clear();
    while (!pieces_.empty() && copy_.size() < TlsSession::kRecordBytes) {
      copy_.append(take(TlsSession::kRecordBytes - copy_.size()));
    }
    return copy_;
  }

 private:
  /// Of the first piece.
  std::string_view take(std::size_t at_most) {
    const auto taken = pieces_.front().substr(offset_, at_most);
    offset_ += taken.size();
    skip_empty();
    return taken;
  }
  void skip_empty() {
    while (!pieces_.empty() && offset_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const std::string_view> pieces_;
  std::string& copy_;
  std::size_t offset_ = 0;  ///< in the first piece
};

/// `pieces` without their first bytes.
std::array<std::string_view, 16> without(std::span<const std::string_view> pieces,
                                         std::size_t bytes) {
  std::array<std::string_view, 16> rest;
  LARDER_CHECK(pieces.size() <= rest.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t gone = std::min(bytes, pieces[i].size());
    rest[i] = pieces[i].substr(gone);
    bytes -= gone;
  }
  LARDER_CHECK(bytes == 0);  // what was given once is given again
  return rest;
}

}  // namespace

TlsTransport::TlsTransport(std::unique_ptr<Transport> socket,
                           std::shared_ptr<const TlsContext> context, TlsTools& tools,
                           TlsHandshakeOwner& owner)
    : socket_(std::move(socket)),
      tools_(tools),
      owner_(owner),
      session_(std::move(context), *this) {
  socket_->set_user(*this);
}

TlsTransport::~TlsTransport() {
  LARDER_CHECK(turn_place_ == 0);
}

void TlsTransport::begin_handshake() {
  settle();
}

void TlsTransport::transition_to(TlsState next) {
  LARDER_CHECK(is_legal(state_, next));
  state_ = next;
}

// --- Input ---------------------------------------------------------------------------------------

void TlsTransport::start_reading() {
  reading_ = true;
  if (!running_) settle();
}

void TlsTransport::stop_reading() {
  reading_ = false;
  if (!running_) settle();
}

/// A handshake that comes when the turn has done enough waits for a later one: its signature takes
/// longer than many hits.
void TlsTransport::on_bytes(std::string_view bytes) {
  if (state_ == TlsState::closing) return;
  if (state_ != TlsState::handshaking || !tools_.turn.is_spent()) return take_input(bytes);
  keep_input(bytes);
  settle();
}

void TlsTransport::on_turn() {
  turn_place_ = 0;
  const std::string kept = std::exchange(kept_, {});
  const auto charge = std::move(kept_charge_);  // while it is taken
  take_input(kept);
}

void TlsTransport::take_input(std::string_view bytes) {
  LARDER_CHECK(!running_ && kept_.empty());
  running_ = true;
  session_.feed(bytes);
  if (state_ == TlsState::handshaking) step_handshake();
  read_records();
  running_ = false;
  keep_input(session_.take_unread());
  settle();
}

void TlsTransport::step_handshake() {
  const std::uint64_t begun = uv_hrtime();
  const auto step = session_.handshake();
  tools_.turn.spend((uv_hrtime() - begun) * TurnLine::kTurnBytes / kTurnNs);
  if (step == TlsSession::Step::wants_input) return;
  if (step == TlsSession::Step::done) {
    transition_to(TlsState::open);
    return owner_.on_handshake_done(*this);
  }
  if (session_.is_plain_http()) (void)socket_->try_write({&kPlainHttpAnswer, 1});
  owner_.on_handshake_failed(*this, false);
}

void TlsTransport::read_records() {
  while (state_ == TlsState::open && reading_) {
    std::size_t bytes = 0;
    switch (session_.read(tools_.plaintext, bytes)) {
      case TlsSession::Step::done:
        user_->on_bytes({tools_.plaintext.data(), bytes});
        break;
      case TlsSession::Step::wants_input:
        return;
      case TlsSession::Step::ended:
        transition_to(TlsState::ended);
        return user_->on_end(false);
      case TlsSession::Step::failed:
        reading_ = false;
        return user_->on_end(true);
    }
  }
}

void TlsTransport::keep_input(std::string_view rest) {
  if (rest.empty() || state_ == TlsState::closing) return;
  kept_.assign(rest);
  kept_charge_ = tools_.held.charge_output(kept_.size());
}

/// After whatever may have changed what is to be read or sent.
void TlsTransport::settle() {
  if (state_ != TlsState::closing && !sealed_.empty() && !in_flight_) write_next();
  if (state_ == TlsState::closing) return;
  const bool wants = state_ == TlsState::handshaking || (state_ == TlsState::open && reading_);
  const bool reads = wants && kept_.empty();
  if (reads != socket_reads_) {
    socket_reads_ = reads;
    if (reads) {
      socket_->start_reading();
    } else {
      socket_->stop_reading();
    }
  }
  if (wants && !kept_.empty() && turn_place_ == 0) turn_place_ = tools_.turn.enter(*this);
}

void TlsTransport::on_end(bool broken) {
  if (state_ == TlsState::closing) return;
  if (state_ == TlsState::handshaking) return owner_.on_handshake_failed(*this, true);
  if (state_ == TlsState::ended && !broken) return;
  peer_gone_ = true;
  user_->on_end(true);
}

// --- Output --------------------------------------------------------------------------------------

bool TlsTransport::put(std::string_view ciphertext) {
  if (!gathering_ && !in_flight_ && sealed_.empty()) {
    const auto taken = socket_->try_write({&ciphertext, 1});
    if (!taken) return false;
    ciphertext.remove_prefix(*taken);
  }
  if (in_flight_ && sealed_.size() + ciphertext.size() > kMaxBehind) return false;
  sealed_.append(ciphertext);
  return true;
}

/// False = the socket is broken. What it does not take stays.
bool TlsTransport::flush() {
  if (sealed_.empty()) return true;
  const std::string_view all = sealed_;
  const auto taken = socket_->try_write({&all, 1});
  if (!taken) return false;
  sealed_.erase(0, *taken);
  if (sealed_.empty()) sealed_.swap(tools_.records);  // with its room
  return true;
}

/// Seals up to kBatchBytes; `gather`: does not send them. Gives the bytes of plaintext; none =
/// failed.
std::optional<std::size_t> TlsTransport::seal_some(std::span<const std::string_view> pieces,
                                                   bool gather) {
  Records records(pieces, tools_.record);
  gathering_ = gather || records.left() > TlsSession::kRecordBytes;
  if (gathering_ && sealed_.empty()) sealed_.swap(tools_.records);
  std::size_t done = 0;
  bool sound = true;
  while (sound && done < kBatchBytes) {
    const auto record = records.next();
    if (record.empty()) break;
    sound = session_.seal(record);
    done += record.size();
  }
  gathering_ = false;
  if (!sound) return std::nullopt;
  return done;
}

Result<std::size_t> TlsTransport::try_write(std::span<const std::string_view> pieces) {
  const auto broken = [] { return fail(Error::Code::io, "the connection broke"); };
  if (state_ == TlsState::closing) return broken();
  if (in_flight_) return 0;
  if (!flush()) return broken();
  if (!sealed_.empty()) return 0;
  std::size_t taken = std::exchange(ahead_, 0);
  for (;;) {
    const auto rest = without(pieces, taken);
    const auto sealed = seal_some({rest.data(), pieces.size()}, false);
    if (!sealed || !flush()) return broken();
    if (!sealed_.empty()) {
      ahead_ = *sealed;
      return taken;
    }
    taken += *sealed;
    if (*sealed < kBatchBytes) return taken;
  }
}

void TlsTransport::write(std::vector<OutPiece> pieces) {
  LARDER_CHECK(!writing_);
  writing_ = true;
  for (auto& piece : pieces) {
    const std::size_t bytes = piece.rest().size();
    write_bytes_ += bytes;
    if (bytes > 0) to_seal_.push_back(std::move(piece));
  }
  drop_sealed(std::exchange(ahead_, 0));
  if (!in_flight_) write_next();
}

void TlsTransport::drop_sealed(std::size_t bytes) {
  while (bytes > 0) {
    OutPiece& front = to_seal_.front();
    const std::size_t gone = std::min(bytes, front.rest().size());
    front.offset += gone;
    bytes -= gone;
    if (front.rest().empty()) to_seal_.pop_front();
  }
}

/// Goes on with what waits, while no write of the socket is out. Always by one of its writes, so
/// that on_written() never comes from within write().
void TlsTransport::write_next() {
  if (sealed_.empty() && !to_seal_.empty()) {
    std::array<std::string_view, 16> views;
    const std::size_t count = std::min(views.size(), to_seal_.size());
    for (std::size_t i = 0; i < count; ++i) views[i] = to_seal_[i].rest();
    const auto sealed = seal_some({views.data(), count}, true);
    if (!sealed) return user_->on_end(true);
    drop_sealed(*sealed);
  }
  if (!sealed_.empty()) {
    in_flight_ = true;
    sealed_.shrink_to_fit();  // what is charged is what it takes
    std::vector<OutPiece> pieces;
    pieces.push_back({.owner = tools_.held.hold_output(std::exchange(sealed_, {}))});
    return socket_->write(std::move(pieces));
  }
  if (!std::exchange(writing_, false)) return;
  user_->on_written(std::exchange(write_bytes_, 0));
}

void TlsTransport::on_written(std::size_t) {
  in_flight_ = false;
  if (state_ != TlsState::closing) write_next();
}

std::size_t TlsTransport::unsent() const {
  std::size_t bytes = sealed_.size() + socket_->unsent();
  for (const auto& piece : to_seal_) bytes += piece.rest().size();
  return bytes;
}

std::size_t TlsTransport::sole_bytes() const {
  std::size_t bytes = socket_->sole_bytes();
  for (const auto& piece : to_seal_) bytes += piece.sole_bytes();
  return bytes;
}

// --- The end -------------------------------------------------------------------------------------

void TlsTransport::shut_down_sending() {
  if (state_ == TlsState::closing) return;
  session_.send_end();
  if (!sealed_.empty() && !in_flight_) write_next();
  socket_->shut_down_sending();
}

/// close_notify goes out if the socket takes it at once.
void TlsTransport::close() {
  if (state_ == TlsState::closing) return;
  const bool heard = state_ != TlsState::handshaking && !peer_gone_;
  if (heard && !in_flight_ && sealed_.empty()) session_.send_end();
  transition_to(TlsState::closing);
  if (turn_place_ != 0) tools_.turn.leave(std::exchange(turn_place_, 0));
  socket_->close();
}

void TlsTransport::reset() {
  if (state_ == TlsState::closing) return;
  transition_to(TlsState::closing);
  if (turn_place_ != 0) tools_.turn.leave(std::exchange(turn_place_, 0));
  socket_->reset();
}

}  // namespace larder
