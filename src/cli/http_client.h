// HTTP from the command line, over libcurl: streams files both ways, follows no redirect, speaks only http and https.
//
// Not thread-safe. Calls block. Idempotent calls are tried up to three times when the connection breaks or the server
// asks to wait (429, 503); a refused connection is reported at once. Ctrl-C ends a call with cancelled
// "cli.interrupted" once watch_for_interrupt() has been called.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::cli {

struct HttpSettings {
  std::string server = "http://127.0.0.1:8080";
  Secret key;                // sent as a bearer token unless empty
  std::string claimed_name;  // header slipway-principal, for servers with --auth off
  std::string ca_file;       // "": the system's
};

struct HttpReply {
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers{};  // of post() alone; names in lower case
  bool is_success() const noexcept { return status >= 200 && status < 300; }
};

// Called with the bytes moved so far and in all (0: unknown).
using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;
// False ends the transfer.
using Sink = std::function<bool(std::span<const std::byte>)>;

class HttpClient {
 public:
  // invalid_argument "cli.usage" when the address is not http:// or https:// with a host.
  static Result<HttpClient> make(HttpSettings settings);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // `target` begins with "/" and is percent-encoded. unavailable "cli.unreachable" when no answer came.
  Result<HttpReply> get(const std::string& target);
  Result<HttpReply> post_json(const std::string& target, std::string_view json);
  // `headers` are whole lines, content-type among them. Tried once: who calls decides whether to ask again.
  Result<HttpReply> post(const std::string& target, const std::vector<std::string>& headers, std::string_view body);
  Result<HttpReply> remove(const std::string& target);  // DELETE
  Result<HttpReply> put_file(const std::string& target, const std::string& path, const Progress& progress);
  // The body goes to `sink` when the answer is a success, into the reply otherwise. Not retried once bytes have come.
  Result<HttpReply> download(const std::string& target, const Sink& sink, const Progress& progress);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One path segment or query value, percent-encoded (RFC 3986: all but unreserved characters).
std::string percent_encoded(std::string_view text);

// Turns SIGINT and SIGTERM into the end of the running call, so that what was begun can be cleaned up.
void watch_for_interrupt();
bool is_interrupted() noexcept;

}  // namespace slipway::cli
