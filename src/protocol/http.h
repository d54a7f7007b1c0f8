// HTTP as the rest of Slipway sees it: requests, responses, routes. The wire is behind protocol/http_server.h.
//
// Two kinds of handler:
//   IoHandler      runs on the I/O thread of its connection, must not block, may suspend; for the request path.
//   WorkerHandler  runs on a pool of blocking threads; for everything that reads SQL or files. What can take long has
//                  threads of its own (WorkKind), so that it never keeps quick requests waiting.
// Each I/O thread has its own Router and its own handlers, so that handlers keep per-thread state without locks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "access/permission.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/result.h"
#include "base/task.h"
#include "storage/objects.h"

namespace slipway {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
std::string_view to_string(Method method) noexcept;

// W3C trace context (traceparent, version 00). All zero: the caller sent none; the server then starts a trace.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
  std::uint8_t flags = 0;
};

// Views point into the connection's buffers and live until the response is complete.
struct HttpRequest {
  Method method = Method::kGet;
  std::string_view path;    // percent-decoded exactly once; canonical: no "//", ".", "..", NUL, "\\", ";", "#"
  std::string_view query;   // raw, after '?'
  std::string_view route;   // pattern of the matched route, for metrics and logs; "" when none matched
  std::string_view remote;  // peer address
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;  // of the route pattern, by name
  std::span<const std::byte> body;    // decompressed; at least 64 more bytes are readable behind it (simdjson)
  std::string body_file;              // path of the spooled body, for BodyKind::kSpooled; removed after the response
  std::optional<Digest> body_digest;  // SHA-256 of body_file
  std::shared_ptr<const Principal> principal;
  Id request_id;
  TraceContext trace;
  Monotonic received{};
  Executor* executor = nullptr;  // resumes on this connection's I/O thread

  std::string_view header(std::string_view lower_case_name) const noexcept;  // "" when absent
  std::string_view parameter(std::string_view name) const noexcept;          // "" when absent
  // Decodes one query parameter; nullopt when absent. Fails on a repeated or malformed one.
  Result<std::optional<std::string>> query_parameter(std::string_view name) const;
};

// A body that is read while it is sent: constant memory whatever its size. Of one that answers a GET with status 200,
// the client may ask for a part (Range, RFC 9110 section 14).
struct StreamedBody {
  std::shared_ptr<ObjectReader> reader;  // used on a thread for files
  std::optional<Digest> sha256;  // where the whole is sent and is not this, the connection is cut before its end
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<StreamedBody> stream;  // instead of body
};

using IoHandler = std::function<Task<HttpResponse>(HttpRequest&)>;
using WorkerHandler = std::function<HttpResponse(const HttpRequest&)>;

enum class BodyKind : std::uint8_t {
  kNone,      // a body is refused
  kBuffered,  // in memory, up to body_bytes_max
  kSpooled,   // streamed to a temporary file, up to body_bytes_max
};

enum class WorkKind : std::uint8_t {
  kQuick,  // milliseconds: SQL, a small file
  kHeavy,  // seconds or more: models tried, many bytes hashed or moved
};

struct Route {
  Method method;
  std::string
      pattern;  // "/v2/models/{model}/infer": a parameter spans one segment; a last "{path...}" the rest, 1 or more
  Permission permission;
  BodyKind body = BodyKind::kNone;
  std::uint64_t body_bytes_max = 0;
  std::variant<IoHandler, WorkerHandler> handler;
  WorkKind work = WorkKind::kQuick;  // of a WorkerHandler
};

// Decides who asks and whether they may: before the body is read, on the I/O thread, so it must not block. `model` is
// the route's {model} parameter, or "".
using Gate =
    std::function<Result<std::shared_ptr<const Principal>>(const HttpRequest&, Permission, std::string_view model)>;

// Writes a refusal that is made before a handler runs (401, 404, 405, 413, …) as a dialect's clients read it.
using ErrorWriter = HttpResponse (*)(const Error& error, const HttpRequest& request, int status);

// The routes of one I/O thread. match() is O(segments) where no literal and parameter compete for a place; literals
// win. One trailing slash is ignored.
class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // Precondition: the method and pattern are not yet taken (asserts).
  void add(Route route);
  void set_gate(Gate gate);
  // For paths that begin with `prefix`; others get error_response().
  void add_error_writer(std::string prefix, ErrorWriter writer);

  struct Match {
    const Route* route = nullptr;  // null: no such path, or the method is not allowed
    std::vector<Method> allowed;   // methods of the path when only the method does not match
  };
  // Fills request.parameters and request.route. A HEAD without its own route matches the path's GET.
  Match match(Method method, HttpRequest& request) const;
  const Gate& gate() const noexcept;
  ErrorWriter error_writer(std::string_view path) const noexcept;
  std::vector<const Route*> routes() const;  // for the access matrix test and the API reference

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
  Gate gate_;
  std::vector<std::pair<std::string, ErrorWriter>> error_writers_;
};

// {"error": "…", "code": "invalid_argument", "reason": "…", "details": […], "request_id": "…"} with the HTTP status of
// the code. "error" first and a string, as Open Inference Protocol clients read it. 401 names its scheme, 429 and 503
// say when to come back.
HttpResponse error_response(const Error& error, const HttpRequest& request);
HttpResponse error_response(const Error& error, const HttpRequest& request, int status);
int http_status(Code code) noexcept;
std::string_view reason_phrase(int status) noexcept;
std::optional<Method> parse_method(std::string_view text) noexcept;  // exact case

}  // namespace slipway
