// SPDX-License-Identifier: Apache-2.0
// What a body from the origin costs on its way into the store, and how fast other parsers would
// read it. Boost.JSON takes part where its headers are.
#include <benchmark/benchmark.h>
#include <simdjson.h>
#include <zlib.h>
#if __has_include(<boost/json/basic_parser_impl.hpp>)
#include <boost/json/src.hpp>
//
#include <boost/json/basic_parser_impl.hpp>
#define LARDER_BENCH_BOOST_JSON
#endif

#include <string>

#include "cache/body/json_stream.h"
#include "cache/body/pipeline.h"

namespace larder::bench {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;  // as libcurl hands them over

/// A list of entries, as the API writes them.
std::string json_of(std::size_t length) {
  std::string text = R"({"entries":[)";
  for (unsigned i = 0; text.size() + 200 < length; ++i) {
    text += R"({"uid":"blt)" + std::to_string(i) +
            R"(","title":"A title \"of\" some length","tags":["a","b"],"_version":3,"price":9.5},)";
  }
  return text + R"({"uid":"last","fill":")" + std::string(length - text.size() - 26, 'x') +
         R"("}]})";
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// Feeds each piece of `body` to `feed`, which says whether all is well.
template <class Feed>
void feed_pieces(benchmark::State& state, std::string_view body, const Feed& feed) {
  for (; !body.empty(); body.remove_prefix(std::min(kPieceBytes, body.size()))) {
    if (!feed(body.substr(0, kPieceBytes))) state.SkipWithError("the body is no JSON");
  }
}

/// Takes every event and does next to nothing.
class CountingEvents final : public JsonEvents {
 public:
  std::uint64_t count = 0;
  void on_open(JsonContainer, unsigned) override { ++count; }
  void on_close(JsonContainer, unsigned) override { ++count; }
  void on_text(JsonText, std::string_view part, bool, unsigned) override { count += part.size(); }
  void on_literal(JsonLiteral, unsigned) override { ++count; }
};

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void json_stream(benchmark::State& state) {
  const std::string body = json_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    JsonStream stream;
    feed_pieces(state, body, [&](std::string_view piece) { return stream.feed(piece); });
    benchmark::DoNotOptimize(stream.complete());
  }
  count_bytes(state);
}

void json_stream_events(benchmark::State& state) {
  const std::string body = json_of(static_cast<std::size_t>(state.range(0)));
  CountingEvents events;
  for (auto _ : state) {
    JsonStream stream(&events);
    feed_pieces(state, body, [&](std::string_view piece) { return stream.feed(piece); });
    benchmark::DoNotOptimize(stream.complete());
  }
  count_bytes(state);
}

/// Wants the whole body in one piece.
void simdjson_dom(benchmark::State& state) {
  const simdjson::padded_string body(json_of(static_cast<std::size_t>(state.range(0))));
  simdjson::dom::parser parser;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(body).error());
  }
  count_bytes(state);
}

#ifdef LARDER_BENCH_BOOST_JSON
struct BoostEvents {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Code = boost::json::error_code;
  using Text = boost::json::string_view;
  std::uint64_t count = 0;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return ++count > 0; }
  bool on_object_end(std::size_t, Code&) { return ++count > 0; }
  bool on_array_begin(Code&) { return ++count > 0; }
  bool on_array_end(std::size_t, Code&) { return ++count > 0; }
  bool on_key_part(Text part, std::size_t, Code&) { return (count += part.size()) > 0; }
  bool on_key(Text part, std::size_t, Code&) { return (count += part.size()) > 0; }
  bool on_string_part(Text part, std::size_t, Code&) { return (count += part.size()) > 0; }
  bool on_string(Text part, std::size_t, Code&) { return (count += part.size()) > 0; }
  bool on_number_part(Text part, Code&) { return (count += part.size()) > 0; }
  bool on_int64(std::int64_t, Text part, Code&) { return (count += part.size()) > 0; }
  bool on_uint64(std::uint64_t, Text part, Code&) { return (count += part.size()) > 0; }
  bool on_double(double, Text part, Code&) { return (count += part.size()) > 0; }
  bool on_bool(bool, Code&) { return ++count > 0; }
  bool on_null(Code&) { return ++count > 0; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

void boost_json_events(benchmark::State& state) {
  const std::string body = json_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    boost::json::basic_parser<BoostEvents> parser{boost::json::parse_options{}};
    feed_pieces(state, body, [&](std::string_view piece) {
      boost::json::error_code error;
      parser.write_some(true, piece.data(), piece.size(), error);
      return !error;
    });
    benchmark::DoNotOptimize(parser.handler().count);
  }
  count_bytes(state);
}
BENCHMARK(boost_json_events)->Arg(1'024)->Arg(10'240)->Arg(102'400);
#endif

void run_pipeline(benchmark::State& state, const std::string& body, Representation coding) {
  for (auto _ : state) {
    BodyPipeline pipeline(coding, {.max_bytes = body.size(), .max_decoded_bytes = 1u << 20});
    feed_pieces(state, body, [&](std::string_view piece) { return pipeline.feed(piece); });
    auto result = pipeline.finish();
    if (!result) state.SkipWithError("the body is not sound");
    benchmark::DoNotOptimize(result);
  }
  count_bytes(state);
}

void body_pipeline(benchmark::State& state) {
  run_pipeline(state, json_of(static_cast<std::size_t>(state.range(0))), Representation::identity);
}

void body_pipeline_gzip(benchmark::State& state) {
  run_pipeline(state, gzip(json_of(static_cast<std::size_t>(state.range(0)))),
               Representation::gzip);
}

BENCHMARK(json_stream)->Arg(1'024)->Arg(10'240)->Arg(102'400);
BENCHMARK(json_stream_events)->Arg(1'024)->Arg(10'240)->Arg(102'400);
BENCHMARK(simdjson_dom)->Arg(1'024)->Arg(10'240)->Arg(102'400);
BENCHMARK(body_pipeline)->Arg(1'024)->Arg(10'240)->Arg(102'400);
BENCHMARK(body_pipeline_gzip)->Arg(1'024)->Arg(10'240)->Arg(102'400);

}  // namespace
}  // namespace larder::bench
