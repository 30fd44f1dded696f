// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/transport.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <array>

#include "conf/base/check.h"
#include "upstream/loop/uv_handle.h"

namespace larder {
namespace {

class StreamTransport;

/// Bytes of a connection that the kernel takes beyond those on their way to the peer. Without this
/// bound it takes up to 4 MiB for a client that does not read (net.ipv4.tcp_wmem). As much as a
/// body that goes out in one call; a path's own window comes on top, so that distance costs no
/// speed.
constexpr int kMaxUnsent = 128 * 1024;

/// A write in flight: libuv's request, and the bytes it points to.
struct WriteRequest {
  uv_write_t request{};
  StreamTransport* transport = nullptr;
  std::vector<OutPiece> pieces;
  std::vector<uv_buf_t> buffers;
  std::size_t bytes = 0;
};

uv_buf_t buffer_of(std::string_view bytes) {
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

/// libuv runs pending write callbacks before the close callback, so a write may name its transport.
class StreamTransport final : public Transport {
 public:
  explicit StreamTransport(ReadBuffer& buffer) : buffer_(buffer) {}
  ~StreamTransport() override { LARDER_CHECK(state_ == State::closed || state_ == State::unborn); }

  bool accept(uv_stream_t* from) {
    const bool pipe = from->type == UV_NAMED_PIPE;
    const int ready =
        pipe ? uv_pipe_init(from->loop, &handle_.pipe, 0) : uv_tcp_init(from->loop, &handle_.tcp);
    if (ready != 0) return false;
    state_ = State::open;
    handle_.stream.data = this;
    if (uv_accept(from, &handle_.stream) != 0) return false;
    if (!pipe) {
      uv_tcp_nodelay(&handle_.tcp, 1);
      ::setsockopt(descriptor(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof kMaxUnsent);
    }
    return true;
  }

  bool is_open() const { return state_ == State::open; }

  void set_user(TransportUser& user) override { user_ = &user; }

  void start_reading() override {
    if (state_ == State::open) uv_read_start(&handle_.stream, on_allocate, on_read);
  }
  void stop_reading() override {
    if (state_ == State::open) uv_read_stop(&handle_.stream);
  }

  Result<std::size_t> try_write(std::span<const std::string_view> pieces) override {
    std::array<uv_buf_t, 16> buffers;
    LARDER_CHECK(pieces.size() <= buffers.size());
    unsigned count = 0;
    for (const auto piece : pieces) {
      if (!piece.empty()) buffers[count++] = buffer_of(piece);
    }
    if (count == 0) return 0;
    const int taken = uv_try_write(&handle_.stream, buffers.data(), count);
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (taken == UV_EAGAIN) return 0;
    return fail(Error::Code::io, uv_strerror(taken));
  }

  void write(std::vector<OutPiece> pieces) override {
    auto* write = new WriteRequest;
    write->pieces = std::move(pieces);
    for (const auto& piece : write->pieces) {
      const auto rest = piece.rest();
      if (rest.empty()) continue;
      write->buffers.push_back(buffer_of(rest));
      write->bytes += rest.size();
    }
    write->request.data = write;
    write->transport = this;
    const int code = uv_write(&write->request, &handle_.stream, write->buffers.data(),
                              static_cast<unsigned>(write->buffers.size()), on_write_done);
    if (code == 0) {
      under_way_ = write;
      return;
    }
    delete write;
    user_->on_end(true);
  }

  void shut_down_sending() override {
    if (state_ != State::open) return;
    auto* request = new uv_shutdown_t;
    const auto done = [](uv_shutdown_t* over, int) { delete over; };
    if (uv_shutdown(request, &handle_.stream, done) != 0) delete request;
  }

  void close() override {
    if (state_ != State::open) return;
    state_ = State::closing;
    uv_close(&handle_.handle, on_close_done);
  }

  void reset() override {
    if (state_ != State::open) return;
    if (!can_reset() || uv_tcp_close_reset(&handle_.tcp, on_close_done) != 0) return close();
    state_ = State::closing;
  }

  bool can_reset() const override { return handle_.handle.type == UV_TCP; }

  std::size_t unsent() const override { return uv_stream_get_write_queue_size(&handle_.stream); }

  std::size_t kernel_bytes() const override {
    int bytes = 0;
    return ::ioctl(descriptor(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  std::size_t sole_bytes() const override {
    std::size_t bytes = 0;
    if (under_way_ == nullptr) return bytes;
    for (const auto& piece : under_way_->pieces) bytes += piece.sole_bytes();
    return bytes;
  }

  std::string peer() const override {
    if (handle_.handle.type == UV_NAMED_PIPE) return "unix";
    sockaddr_storage address{};
    int length = sizeof address;
    std::array<char, 64> text{};
    if (uv_tcp_getpeername(&handle_.tcp, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      return "-";
    if (uv_ip_name(reinterpret_cast<const sockaddr*>(&address), text.data(), text.size()) != 0)
      return "-";
    return text.data();
  }

  std::optional<unsigned> peer_user() const override {
    ucred peer{};
    socklen_t length = sizeof peer;
    const bool is_unix = handle_.handle.type == UV_NAMED_PIPE;
    if (!is_unix || ::getsockopt(descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
      return std::nullopt;
    return peer.uid;
  }

 private:
  enum class State : std::uint8_t { unborn, open, closing, closed };

  int descriptor() const {
    uv_os_fd_t descriptor = -1;
    uv_fileno(&handle_.handle, &descriptor);
    return descriptor;
  }

  static void on_close_done(uv_handle_t* handle) noexcept {
    auto* self = static_cast<StreamTransport*>(handle->data);
    self->state_ = State::closed;
    if (self->user_ == nullptr) {
      delete self;  // was never accepted
    } else {
      self->user_->on_closed();  // destroys self
    }
  }
  static void on_allocate(uv_handle_t* handle, size_t, uv_buf_t* out) noexcept {
    auto& buffer = static_cast<StreamTransport*>(handle->data)->buffer_;
    *out = uv_buf_init(buffer.data(), static_cast<unsigned>(buffer.size()));
  }
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept {
    auto* self = static_cast<StreamTransport*>(stream->data);
    if (count > 0) return self->user_->on_bytes({buffer->base, static_cast<std::size_t>(count)});
    if (count < 0) self->user_->on_end(count != UV_EOF);
  }
  static void on_write_done(uv_write_t* request, int status) noexcept {
    const std::unique_ptr<WriteRequest> write(static_cast<WriteRequest*>(request->data));
    auto* self = write->transport;
    self->under_way_ = nullptr;
    if (self->state_ != State::open) return;
    if (status != 0) return self->user_->on_end(true);
    self->user_->on_written(write->bytes);
  }

  TransportUser* user_ = nullptr;
  const WriteRequest* under_way_ = nullptr;
  ReadBuffer& buffer_;
  State state_ = State::unborn;
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_{};
};

}  // namespace

std::unique_ptr<Transport> accept_stream(uv_stream_t* listener, ReadBuffer& buffer) {
  auto transport = std::make_unique<StreamTransport>(buffer);
  if (transport->accept(listener)) return transport;
  if (transport->is_open()) transport.release()->close();  // deletes itself
  return nullptr;
}

}  // namespace larder
