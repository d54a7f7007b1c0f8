#include "outbox/http_sender.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outbox/target_address.h"

namespace slipway {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

void append(Headers& headers, const std::string& line) {
  headers.reset(curl_slist_append(headers.release(), line.c_str()));
}

// What libcurl's callbacks read and write during one call.
struct Call {
  const SendPolicy& policy;
  const std::atomic<bool>* is_stopping;
  std::string reply;
  bool is_address_refused = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& call = *static_cast<Call*>(user);
  const std::size_t space = call.policy.reply_bytes_max - call.reply.size();
  call.reply.append(data, std::min(space, size));
  return size <= space ? size : 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& call = *static_cast<Call*>(user);
  return call.is_stopping != nullptr && call.is_stopping->load() ? 1 : 0;
}

curl_socket_t on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& call = *static_cast<Call*>(user);
  if (!is_allowed(scope_of(address->addr), call.policy.allows_private)) {
    call.is_address_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

struct HttpSender::State {
  SendPolicy policy;
  CURL* curl = curl_easy_init();
  const std::atomic<bool>* is_stopping = nullptr;
  char error[CURL_ERROR_SIZE] = {};
  ~State() { curl_easy_cleanup(curl); }

  void prepare(const HttpPost& request, const Headers& headers, Call& call) {
    curl_easy_reset(curl);  // keeps the connections
    error[0] = '\0';
    const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");  // behind a proxy, the address that is checked would be the proxy's
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(call.policy.timeout.count()));
    set(CURLOPT_USERAGENT, "slipway");
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error));
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
    if (!call.policy.ca_file.empty()) set(CURLOPT_CAINFO, call.policy.ca_file.c_str());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&call));
    set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&call));
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&call));
    set(CURLOPT_NOPROGRESS, 0L);
  }

  std::string failure(CURLcode code, const Call& call, int status) const {
    if (call.is_address_refused) return "the address that the URL stands for is not one that the server may send to";
    if (status != 0) return "the receiver answered " + std::to_string(status);
    return error[0] != '\0' ? error : curl_easy_strerror(code);
  }
};

HttpSender::HttpSender(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpSender::HttpSender(HttpSender&&) noexcept = default;
HttpSender& HttpSender::operator=(HttpSender&&) noexcept = default;
HttpSender::~HttpSender() = default;

Result<HttpSender> HttpSender::make(SendPolicy policy, const std::atomic<bool>* is_stopping) {
  static const CURLcode is_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto state = std::make_unique<State>();
  if (is_ready != CURLE_OK || state->curl == nullptr)
    return fail(Code::kInternal, "outbox.curl", "libcurl cannot be started");
  state->policy = std::move(policy);
  state->is_stopping = is_stopping;
  return HttpSender(std::move(state));
}

SendOutcome HttpSender::post(const HttpPost& request) {
  Headers headers;
  append(headers, "content-type: application/json");
  append(headers, "expect:");  // without it libcurl waits a second for "100 Continue" before a large body
  for (const auto& [name, value] : request.headers) append(headers, name + ": " + value);
  Call call{state_->policy, state_->is_stopping, {}, false};
  state_->prepare(request, headers, call);
  const CURLcode code = curl_easy_perform(state_->curl);

  SendOutcome outcome;
  long status = 0;
  curl_off_t total_us = 0;
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(state_->curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(state_->curl, CURLINFO_TOTAL_TIME_T, &total_us);
  curl_easy_getinfo(state_->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
  outcome.status = static_cast<int>(status);
  outcome.reply = std::move(call.reply);
  outcome.latency = std::chrono::microseconds(total_us);
  outcome.retry_after = std::chrono::seconds(retry_after_s);
  if (!outcome.is_delivered()) outcome.error = state_->failure(code, call, outcome.status);
  return outcome;
}

}  // namespace slipway
