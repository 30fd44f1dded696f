// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "conf/base/clock.h"
#include "conf/base/secret.h"
#include "conf/config.h"
#include "upstream/origin_connection.h"
#include "upstream/response_reader.h"
#include "upstream/transfers.h"

namespace larder {

class Host;

/// What a transfer needs of the loop on which it runs.
class TransferSite {
 public:
  virtual ~TransferSite() = default;
  /// A connection that nobody has used, not connected yet.
  virtual std::unique_ptr<OriginConnection> new_connection(
      const std::string& base, const std::shared_ptr<const UpstreamConfig>& config) = 0;
  /// The transfer is done with it; `clean`: another one may use it, else it ends.
  virtual void give_back(std::unique_ptr<OriginConnection> connection, bool clean) = 0;
  /// A kept connection of this host was dead without a word: others that were kept may be so too.
  virtual void lost(const std::string& base) = 0;
  /// The host's last transfer did not fail.
  virtual bool is_well(const std::string& base) = 0;
  /// The host sent bytes that no request asked for, or what is no HTTP.
  virtual void distrust(const std::string& base) = 0;
  /// For what is read, during one call.
  virtual std::span<char> read_buffer() = 0;
  /// There is something to tell; noted once until it is taken.
  virtual void note(Transfer& transfer) = 0;
  /// To be called last: tells all sinks, which may end this transfer.
  virtual void tell() = 0;
};

/// One request to an origin, and its answer. Owned by the OriginLoop. Legal moves:
///
///     queued -> connecting -> exchanging -> ended
///     queued -> exchanging (a kept connection)
///     exchanging -> connecting (the origin did not get the request, or has not begun with it:
///     once) any -> ended
///
/// Once in all the request goes again, on a new connection, within the same time limits:
/// - a kept connection ended without a byte, or carried bytes from before the request arrived;
/// - on a kept connection nothing of the request was acknowledged in acknowledge_timeout;
/// - a new connection ended without a byte, and the host was well before. (Where it was not, a
///   second attempt would only double its load.)
class Transfer final : public OriginConnectionUser {
 public:
  enum class State : std::uint8_t {
    queued,      ///< waits for a place at its host
    connecting,  ///< on a connection that is being made
    exchanging,  ///< the request is on its way, or the answer is
    ended,       ///< result known, not yet told
  };

  /// Whose place it has or waits for. The loop's business alone.
  struct Place {
    Host* host = nullptr;
    Lane lane = Lane::visitor;
    Ticket ticket = 0;
    StackId stack = 0;
    bool running = false;  ///< has it, or had it until it ended
    bool probe = false;    ///< it finds out whether the host answers again
    MonotonicTime entered;
    MonotonicTime started;
    MonotonicTime connected{};  ///< for the first time; 0 = not
    MonotonicTime head_at{};    ///< of the answer; 0 = none
    Milliseconds head_after_ms = 0;
  };

  Transfer(OriginRequest request, TransferSink* sink, std::shared_ptr<const UpstreamConfig> config,
           TransferSite& site, const Place& at);
  ~Transfer() override;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  State state() const { return state_; }
  int status() const { return reader_.head_complete() ? reader_.facts().status : 0; }
  /// Of the answer's head, once it is complete, else null.
  const ResponseFacts* facts() const {
    return reader_.head_complete() ? &reader_.facts() : nullptr;
  }
  /// Runs, and its answer has no head yet.
  bool is_silent() const { return place.running && state_ != State::ended && facts() == nullptr; }
  const std::optional<OriginError>& error() const { return error_; }
  const std::string& base() const { return request_.host; }

  /// On a kept connection, or with null on a new one.
  void start(std::unique_ptr<OriginConnection> kept, MonotonicTime now);
  void end(OriginError error);
  /// Sends the request once more if its connection is a dead one.
  void check_connection(MonotonicTime now);
  /// Too slow?
  std::optional<OriginError> overdue(MonotonicTime now);
  TransferProgress take_progress();

  /// No more body is taken until resume().
  void pause();
  /// Stopped only because too much was untold.
  bool may_go_on() const { return stalled_ && !paused_ && state_ == State::exchanging; }
  /// Reads what is there already; what comes of it is noted.
  void resume();

  TransferSink* sink;
  Place place;
  bool noted = false;  ///< by the site

 private:
  void on_connected(OriginConnection& connection) override;
  void on_connect_failed(OriginConnection& connection, const OriginError& error) override;
  void on_ready(OriginConnection& connection, bool readable, bool writable) override;

  void transition_to(State next);
  void use(std::unique_ptr<OriginConnection> connection);
  void connect_anew();
  void send();
  void read();
  void take(std::string_view bytes);
  void take_too_early();
  void take_end(bool in_order);
  void send_again();
  void complete(std::size_t behind);
  void release(bool clean);
  bool too_slow(MonotonicTime now);

  OriginRequest request_;
  const std::shared_ptr<const UpstreamConfig> config_;
  TransferSite& site_;
  State state_ = State::queued;
  std::unique_ptr<OriginConnection> connection_;
  bool kept_ = false;      ///< the connection was used before
  bool answered_ = false;  ///< a byte has come on it
  bool again_ = false;     ///< the request has been sent once more
  MonotonicTime handed_;   ///< on a kept connection: since when it has this request
  Secret text_;            ///< of the request: it has tokens
  std::size_t sent_ = 0;   ///< of text_
  ResponseReader reader_;
  std::string body_;  ///< arrived, not yet told
  MonotonicTime started_;
  MonotonicTime slow_since_;      ///< of the span in which the speed is measured
  std::uint64_t slow_bytes_ = 0;  ///< in it
  bool head_told_ = false;
  bool paused_ = false;   ///< by the sink
  bool held_up_ = false;  ///< by the sink, at least once: its time is not the origin's alone
  bool stalled_ = false;  ///< nothing is read until what came is told
  std::optional<OriginError> error_;
};

}  // namespace larder
