// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "tests/sandbox/content.h"
#include "tests/sandbox/params.h"
#include "tests/sandbox/sized.h"
#include "tests/sandbox/view.h"

/// The Content Delivery API and its preview twin, as functions of request and content.
namespace sandbox {

enum class Host : unsigned char { delivery, preview, control };
std::string_view name_of(Host host);

/// A request, as far as the API looks at it. Views into the connection's buffer.
struct ApiRequest {
  Host host = Host::delivery;
  std::string_view method, path, query;
  std::string_view api_key, access_token, preview_token, authorization, live_preview, environment,
      branch, variants, early_access, release_id, preview_timestamp;
  bool gzip = false;  ///< the client accepts it
};

using Bytes = std::shared_ptr<const std::string>;

struct ApiAnswer {
  int status = 200;
  Bytes body;
  bool gzip = false;          ///< body is compressed
  bool cors = true;           ///< Access-Control-Allow-Origin is sent
  std::string extra_fields;   ///< further header lines of this answer, each with its line end
  std::optional<long> age_s;  ///< of a copy at the CDN
};

/// An answer before it is bytes.
struct Reply {
  int status = 200;
  Json body;
  std::string extra_fields;
};
Reply error(int status, int code, const std::string& message, const std::string& field = "",
            const std::string& problem = "is not valid.");

/// What the endpoints are given.
struct Question {
  const Space& space;
  const Content& content;
  const Params& params;
  const Audience& audience;
};

/// `path` begins after /v3. In endpoints.cc, taxonomy.cc and sync.cc.
Reply answer_content_types(const Question& question, const std::vector<std::string>& path);
Reply answer_assets(const Question& question, const std::vector<std::string>& path);
Reply answer_global_fields(const Question& question, const std::vector<std::string>& path);
Reply answer_taxonomies(const Question& question, const std::vector<std::string>& path);
Reply answer_sync(const Question& question);

class Api {
 public:
  Content& content() { return content_; }
  SizeTable& sizes() { return sizes_; }
  ApiAnswer answer(const ApiRequest& request);
  /// To be called after every change of content.
  void forget_rendered();

 private:
  /// Bytes of an answer, for the next request of the same question.
  struct Rendered {
    int status;
    std::string extra_fields;
    Bytes identity, gzip;
  };

  std::variant<const Space*, Reply> authorize(const ApiRequest& request, const Params& params);
  std::variant<const Space*, Reply> authorize_preview(const ApiRequest& request,
                                                      const Params& params);
  std::variant<const Space*, Reply> space_for(const ApiRequest& request, const Params& params,
                                              const std::string& stack,
                                              const std::string& environment,
                                              const char* credential);
  Reply route(const ApiRequest& request, const Space& space, const Params& params,
              const Audience& audience);
  ApiAnswer sized_answer(const ApiRequest& request, const Space& space, const Audience& audience);
  ApiAnswer to_answer(Rendered& rendered, const ApiRequest& request) const;

  Content content_;
  SizeTable sizes_;
  std::unordered_map<std::string, Rendered> rendered_;
  std::size_t rendered_bytes_ = 0;
};

std::string compress(std::string_view text, int level);

}  // namespace sandbox
