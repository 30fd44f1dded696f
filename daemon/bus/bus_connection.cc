// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_connection.h"

#include <hiredis/hiredis.h>

#include <array>
#include <utility>

namespace larder {
namespace {

constexpr std::size_t kMostErrorBytes = 200;

struct ReplyEnd {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

struct ReaderEnd {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

/// hiredis bounds how deep lists are.
BusReply copy_of(const redisReply& reply) {
  BusReply copy;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      copy.kind = BusReply::Kind::text;
      copy.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_INTEGER:
      copy.kind = BusReply::Kind::number;
      copy.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = BusReply::Kind::list;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        copy.items.push_back(copy_of(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return copy;
}

BusFields fields_of(BusReply& list) {
  BusFields fields;
  for (BusReply& item : list.items) {
    if (item.kind != BusReply::Kind::text) return {};
    fields.push_back(std::move(item.text));
  }
  return fields;
}

tl::unexpected<Error> strange_answer() {
  return fail(Error::Code::corrupt, "an answer is none that Redis gives");
}

/// [[stream, [[id, [name, value, ...]], ...]]], or nothing.
Result<BusBatch> batch_of(BusReply& reply) {
  using Kind = BusReply::Kind;
  BusBatch batch;
  if (reply.kind == Kind::nothing) return batch;
  const bool of_stream =
      reply.kind == Kind::list && reply.items.size() == 1 && reply.items[0].items.size() == 2;
  if (!of_stream) return strange_answer();
  for (BusReply& one : reply.items[0].items[1].items) {
    if (one.items.size() != 2) return strange_answer();
    const auto id = parse_bus_id(one.items[0].text);
    if (!id) return strange_answer();
    batch.entries.push_back({*id, fields_of(one.items[1])});
  }
  return batch;
}

}  // namespace

struct BusConnection::Reader {
  std::unique_ptr<redisReader, ReaderEnd> reader{redisReaderCreate()};
};

BusConnection::BusConnection(BusConfig config, std::unique_ptr<BusSocket> socket)
    : config_(std::move(config)), socket_(std::move(socket)), reader_(std::make_unique<Reader>()) {}

BusConnection::~BusConnection() = default;

Result<std::unique_ptr<BusConnection>> BusConnection::open(const BusConfig& config,
                                                           const BusInterrupt& interrupt) {
  auto socket = BusSocket::open(config, interrupt, {monotonic_now().ms + kTimeoutMs});
  if (!socket) return tl::unexpected<Error>(socket.error());
  std::unique_ptr<BusConnection> connection(new BusConnection(config, *std::move(socket)));
  if (!connection->reader_->reader) return fail(Error::Code::full, "no memory");
  if (auto done = connection->let_in(); !done) return tl::unexpected<Error>(done.error());
  return connection;
}

Result<void> BusConnection::let_in() {
  if (config_.password.empty()) return {};
  Command command{"AUTH"};
  if (!config_.username.empty()) command.push_back(config_.username);
  command.emplace_back(config_.password.reveal());
  if (auto sent = send(command); !sent) return sent;
  const auto reply = receive();
  return reply ? Result<void>() : tl::unexpected<Error>(reply.error());
}

Result<void> BusConnection::send(const Command& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  const auto length =
      redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), lengths.data());
  if (length < 0) return fail(Error::Code::full, "no memory");
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owned(text, redisFreeCommand);
  return socket_->write({text, static_cast<std::size_t>(length)},
                        {monotonic_now().ms + kTimeoutMs});
}

/// What Redis says is wrong is an error here.
Result<BusReply> BusConnection::receive() {
  const MonotonicTime deadline{monotonic_now().ms + kBlockMs + kTimeoutMs};
  std::array<char, 16 * 1'024> buffer;
  std::size_t fed = 0;
  for (;;) {
    void* found = nullptr;
    if (redisReaderGetReply(reader_->reader.get(), &found) != REDIS_OK) return strange_answer();
    if (found != nullptr) {
      const std::unique_ptr<redisReply, ReplyEnd> reply(static_cast<redisReply*>(found));
      if (reply->type != REDIS_REPLY_ERROR) return copy_of(*reply);
      const std::string text(reply->str, static_cast<std::size_t>(reply->len));
      return fail(Error::Code::io, "Redis says: " + text.substr(0, kMostErrorBytes));
    }
    if (fed > kMostReplyBytes) return fail(Error::Code::full, "an answer is too large");
    const auto got = socket_->read(buffer.data(), buffer.size(), deadline);
    if (!got) return tl::unexpected<Error>(got.error());
    fed += *got;
    if (redisReaderFeed(reader_->reader.get(), buffer.data(), *got) != REDIS_OK) {
      return strange_answer();
    }
  }
}

Result<BusId> BusConnection::append(const BusFields& entry) {
  Command command{"XADD", config_.stream, "MAXLEN", "~", std::to_string(config_.keep), "*"};
  command.insert(command.end(), entry.begin(), entry.end());
  if (auto sent = send(command); !sent) return tl::unexpected<Error>(sent.error());
  const auto reply = receive();
  if (!reply) return tl::unexpected<Error>(reply.error());
  const auto id = parse_bus_id(reply->text);
  return id ? Result<BusId>(*id) : strange_answer();
}

/// Whether the position is still there is asked behind the reading: what is read is whole if it is.
Result<BusBatch> BusConnection::read_behind(const BusId& position, bool waits) {
  const std::string from = to_text(position);
  Command command{"XREAD", "COUNT", std::to_string(kMostEntries)};
  if (waits) command.insert(command.end(), {"BLOCK", std::to_string(kBlockMs)});
  command.insert(command.end(), {"STREAMS", config_.stream, from});
  Result<void> sent = send(command);
  if (sent) sent = send({"XRANGE", config_.stream, from, from});
  if (!sent) return tl::unexpected<Error>(sent.error());
  auto reply = receive();
  if (!reply) return tl::unexpected<Error>(reply.error());
  auto batch = batch_of(*reply);
  const auto there = receive();
  if (!there) return tl::unexpected<Error>(there.error());
  if (batch) batch->has_position = there->items.size() == 1;
  return batch;
}

}  // namespace larder
