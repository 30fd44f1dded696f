// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/http/response.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"
#include "conf/config.h"
#include "upstream/answer_framing.h"
#include "upstream/chunk_decoder.h"
#include "upstream/host_lanes.h"
#include "upstream/origin_request.h"
#include "upstream/origin_sockets.h"

namespace larder {

class Host;

/// What has come since the last call.
struct TransferProgress {
  const ResponseFacts* head = nullptr;  ///< set in the one call that brings the complete header
  std::string body;
  bool ended = false;
  bool framed = false;         ///< with `ended`: the body's length was proven by its framing
  std::optional<Error> error;  ///< with `ended`: it failed; the body is cut off
};

/// Takes a transfer's progress, on the loop's thread, outside of libcurl's callbacks. After the
/// call with `ended` the transfer is gone.
class TransferSink {
 public:
  virtual ~TransferSink() = default;
  virtual void on_progress(TransferProgress progress) = 0;
};

struct EasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct HeaderListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderListDeleter>;

/// An easy handle with every option of larder's that does not change from transfer to transfer.
EasyHandle make_easy(const UpstreamConfig& config);

/// One request to an origin. Owned by the CurlLoop; not movable, libcurl holds its address.
/// Libcurl's callbacks only take bytes and set marks.
class Transfer {
 public:
  enum class State : std::uint8_t {
    queued,   ///< waits for a place at its host
    running,  ///< libcurl works on it
    ended,    ///< result known, not yet told
  };

  /// Whose place it has or waits for. The CurlLoop's business alone.
  struct Place {
    Host* host = nullptr;
    Lane lane = Lane::visitor;
    Ticket ticket = 0;
  };

  /// `news` is the loop's list of transfers that have something to tell; it outlives the transfer.
  Transfer(OriginRequest request, TransferSink* sink, std::shared_ptr<const UpstreamConfig> config,
           std::vector<Transfer*>& news, const Place& at);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  const std::shared_ptr<const UpstreamConfig>& config() const { return config_; }
  CURL* easy() const { return easy_.get(); }
  State state() const { return state_; }
  int status() const { return facts_.status; }
  const std::optional<Error>& error() const { return error_; }

  /// `fresh_connection`: none of the idle ones may be used. `only_use`: nor this one afterwards.
  void start(EasyHandle easy, OriginSockets& sockets, MonotonicTime now, bool fresh_connection,
             bool only_use);
  EasyHandle take_easy() { return std::move(easy_); }
  void end(CURLcode code);
  void end(Error error);
  /// Too slow to show its header?
  std::optional<Error> overdue(MonotonicTime now) const;
  TransferProgress take_progress();

  /// No more body is taken until resume().
  void pause() { paused_ = true; }
  /// Stopped only because too much was untold.
  bool may_go_on() const { return stalled_ && !paused_ && state_ == State::running; }
  /// Once libcurl is done: the HTTP/1 connection that stays open, or -1.
  int idle_socket() const;
  /// Something came that HTTP does not know at that place: nothing else of this host's is believed
  /// for its place in a stream. Known once libcurl is done.
  bool odd() const { return odd_; }
  /// May call the body callback before it returns.
  void resume();

  TransferSink* sink;
  Place place;

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  static int on_prerequest(void* self, char* origin, char* local, int origin_port,
                           int local_port) noexcept;
  bool answers_too_early() const;
  std::size_t refuse(const char* why);
  void use_no_more();
  void note();

  OriginRequest request_;
  const std::shared_ptr<const UpstreamConfig> config_;
  std::vector<Transfer*>& news_;
  bool noted_ = false;  ///< is in `news_`
  EasyHandle easy_;
  HeaderList headers_;
  State state_ = State::queued;
  MonotonicTime started_;
  ResponseFacts facts_;
  std::string body_;  ///< arrived, not yet told
  std::uint64_t body_total_ = 0;
  std::uint64_t header_total_ = 0;
  bool head_complete_ = false;
  bool head_told_ = false;
  OriginSockets* sockets_ = nullptr;  ///< the loop's, once it runs
  int socket_ = -1;                   ///< that carries the request, where it is known
  AnswerFraming framing_;
  ChunkDecoder chunks_;
  bool last_ = false;  ///< libcurl was told to close the connection behind this answer
  bool odd_ = false;
  bool paused_ = false;
  bool stalled_ = false;  ///< libcurl was told to pause
  std::optional<Error> error_;
  bool framed_ = false;
};

}  // namespace larder
