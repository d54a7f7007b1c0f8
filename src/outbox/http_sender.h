// Posts JSON to others, over libcurl: no redirects, no proxy of the environment, TLS verified, every wait and every
// answer bounded, and no connection to an address that target_address.h does not allow.
//
// Not thread-safe: one for each thread and policy, which keeps connections open for the next call: an open connection
// is not checked again, so two policies never share one.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway {

struct SendPolicy {
  std::chrono::milliseconds timeout{10'000};  // from the name's resolution to the last byte
  std::size_t reply_bytes_max = 64U << 10;    // the rest is not read
  bool allows_private = false;
  std::string ca_file;  // certificates to trust, in PEM; "": the system's
};

struct HttpPost {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // besides content-type and user-agent
  std::string_view body;
};

struct SendOutcome {
  int status = 0;     // 0: no answer came
  std::string reply;  // its first bytes
  std::string error;  // why it was not delivered, "" when it was
  std::chrono::microseconds latency{0};
  std::chrono::seconds retry_after{0};  // what the receiver asked for; 0: nothing

  // An answer of 2xx is a receipt, also when its body is too long or breaks off.
  bool is_delivered() const noexcept { return status >= 200 && status < 300; }
};

class HttpSender {
 public:
  // A call under way ends once `*is_stopping` is true. It outlives the sender; null: never.
  static Result<HttpSender> make(SendPolicy policy, const std::atomic<bool>* is_stopping = nullptr);
  HttpSender(HttpSender&&) noexcept;
  HttpSender& operator=(HttpSender&&) noexcept;
  ~HttpSender();

  SendOutcome post(const HttpPost& request);

 private:
  struct State;
  explicit HttpSender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
