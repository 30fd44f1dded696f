// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace larder::bench {

struct BodyHash;

/// Reads one answer to a GET from pieces as they arrive, and keeps of its body length and hash
/// alone. Costs next to nothing when head and body come whole: the load generator must be faster
/// than what it loads.
class ResponseReader {
 public:
  enum class Progress : std::uint8_t {
    more,    ///< the answer goes on
    done,    ///< it is complete
    broken,  ///< not HTTP/1.1, or more bytes than were announced
  };

  /// `hashes`: the body is worth a hash.
  explicit ResponseReader(bool hashes = false);
  ResponseReader(ResponseReader&&) noexcept;
  ~ResponseReader();

  Progress feed(std::string_view bytes);
  /// The server closed: done when that ends the body, else broken.
  Progress end() const;
  void reset();

  int status() const { return status_; }
  std::uint64_t body_bytes() const { return body_bytes_; }
  std::uint64_t body_hash() const;  ///< when it hashes
  /// The last Cache-Status field (RFC 9211), "" without one.
  std::string_view cache_status() const { return cache_status_; }
  bool closes() const { return closes_; }  ///< the server takes no further request

 private:
  enum class Part : std::uint8_t {
    head,
    counted,
    to_end,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    done
  };

  Progress take_head(std::string_view bytes);
  bool parse_head(std::string_view head);
  bool note_field(std::string_view line);
  Progress take_body(std::string_view bytes);
  Progress take_chunks(std::string_view bytes);
  bool take_chunk_line(char byte);
  void note_body(std::string_view bytes);

  bool closes_ = false;
  bool chunked_ = false;
  bool counted_ = false;
  Part part_ = Part::head;
  int status_ = 0;
  std::uint64_t left_ = 0;  ///< of the body or of the chunk
  std::uint64_t body_bytes_ = 0;
  std::string head_;  ///< while it is incomplete
  std::string line_;  ///< of chunked coding
  std::string cache_status_;
  std::unique_ptr<BodyHash> hash_;
};

}  // namespace larder::bench
