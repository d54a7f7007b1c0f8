#include "cli/http_client.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/exit_code.h"

namespace slipway::cli {
namespace {

constexpr int kAttemptsMax = 3;
constexpr std::size_t kReplyBytesMax = 64u << 20;

volatile std::sig_atomic_t interrupted = 0;
void note_interrupt(int) { interrupted = 1; }

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

void append(Headers& headers, const std::string& line) {
  headers.reset(curl_slist_append(headers.release(), line.c_str()));
}

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// One attempt: what libcurl's callbacks write to.
struct Exchange {
  CURL* curl = nullptr;
  HttpReply reply;
  const Sink* sink = nullptr;
  const Progress* progress = nullptr;
  bool is_upload = false;
  bool has_delivered = false;
  bool is_refused_by_sink = false;
  bool is_too_large = false;

  bool goes_to_sink() const {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return sink != nullptr && status >= 200 && status < 300;
  }
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.goes_to_sink()) {
    exchange.has_delivered = true;
    exchange.is_refused_by_sink = !(*exchange.sink)(std::as_bytes(std::span(data, size)));
    return exchange.is_refused_by_sink ? 0 : size;
  }
  exchange.is_too_large = exchange.reply.body.size() + size > kReplyBytesMax;
  if (exchange.is_too_large) return 0;
  exchange.reply.body.append(data, size);
  return size;
}

int on_progress(void* user, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up) {
  if (interrupted != 0) return 1;
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.progress != nullptr && *exchange.progress) {
    (*exchange.progress)(static_cast<std::uint64_t>(exchange.is_upload ? up : down),
                         static_cast<std::uint64_t>(exchange.is_upload ? up_total : down_total));
  }
  return 0;
}

// Loopback never goes through a proxy of the environment.
std::string no_proxy_list() {
  std::string list = "localhost,127.0.0.1,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return list + ',' + value;
  }
  return list;
}

bool may_succeed_again(CURLcode code) noexcept {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
         code == CURLE_PARTIAL_FILE || code == CURLE_OPERATION_TIMEDOUT;
}

// Seconds to wait before the next attempt: what the server asks for, up to 10, or 1, 2, …
std::chrono::milliseconds pause_before(int next_attempt, CURL* curl) {
  curl_off_t asked_seconds = 0;
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &asked_seconds);
  const long seconds = asked_seconds > 0 ? std::min<long>(asked_seconds, 10) : next_attempt;
  return std::chrono::seconds(seconds);
}

void sleep_unless_interrupted(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (interrupted == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

struct HttpClient::State {
  HttpSettings settings;
  CURL* curl = curl_easy_init();
  std::string no_proxy = no_proxy_list();
  char error[CURL_ERROR_SIZE] = {};
  ~State() { curl_easy_cleanup(curl); }

  Headers headers(std::string_view content_type) const {
    Headers list;
    append(list, "accept: application/json, */*;q=0.5");
    append(list, "expect:");  // without it libcurl waits a second for "100 Continue" before each body
    if (!content_type.empty()) append(list, fmt::format("content-type: {}", content_type));
    if (!settings.key.is_empty()) append(list, fmt::format("authorization: Bearer {}", settings.key.reveal()));
    if (!settings.claimed_name.empty()) append(list, fmt::format("slipway-principal: {}", settings.claimed_name));
    return list;
  }

  void prepare(const std::string& target, const Headers& list, Exchange& exchange) {
    curl_easy_reset(curl);
    error[0] = '\0';
    exchange.curl = curl;
    const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
    set(CURLOPT_URL, (settings.server + target).c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOPROXY, no_proxy.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // no fixed limit on a large model: only on standing still
    set(CURLOPT_LOW_SPEED_TIME, 600L);
    set(CURLOPT_USERAGENT, "slipway-cli");
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error));
    set(CURLOPT_HTTPHEADER, list.get());
    if (!settings.ca_file.empty()) set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&exchange));
    set(CURLOPT_NOPROGRESS, 0L);
  }

  std::map<std::string, std::string> reply_headers() const {
    std::map<std::string, std::string> found;
    for (curl_header* header = nullptr; (header = curl_easy_nextheader(curl, CURLH_HEADER, -1, header)) != nullptr;) {
      std::string name = header->name;
      for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      found[name] = header->value;
    }
    return found;
  }

  Error failure(CURLcode code, const Exchange& exchange) const {
    if (interrupted != 0) return {Code::kCancelled, "cli.interrupted", "interrupted", {}};
    if (exchange.is_refused_by_sink) return {Code::kInternal, "cli.write_failed", "the bytes could not be written", {}};
    if (exchange.is_too_large) {
      return {Code::kResourceExhausted, "cli.reply_too_large", "the server's answer is larger than 64 MiB", {}};
    }
    const std::string_view why =
        error[0] != '\0' ? std::string_view(error) : std::string_view(curl_easy_strerror(code));
    return {Code::kUnavailable,
            std::string(kUnreachableReason),
            fmt::format("no answer from {}: {}", settings.server, why),
            {}};
  }

  // `begin` sets what is special about the call; it is called before each attempt.
  Result<HttpReply> perform(const std::string& target, std::string_view content_type, bool is_idempotent,
                            Exchange exchange, const std::function<Status(CURL*)>& begin) {
    return perform(target, headers(content_type), is_idempotent, std::move(exchange), begin);
  }

  Result<HttpReply> perform(const std::string& target, const Headers& list, bool is_idempotent, Exchange exchange,
                            const std::function<Status(CURL*)>& begin) {
    for (int attempt = 1;; ++attempt) {
      exchange.reply = {};
      prepare(target, list, exchange);
      SLIPWAY_CHECK(begin(curl));
      const CURLcode code = curl_easy_perform(curl);
      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.reply.status);
      const long status = exchange.reply.status;
      const bool is_worth_another = code == CURLE_OK ? status == 429 || status == 503 : may_succeed_again(code);
      const bool may_retry = is_idempotent && attempt < kAttemptsMax && !exchange.has_delivered && interrupted == 0;
      if (is_worth_another && may_retry) {
        sleep_unless_interrupted(pause_before(attempt, curl));
        continue;
      }
      // A server that refuses a body may close while it is still being sent; its answer counts.
      const bool is_answered_early = code == CURLE_SEND_ERROR && status >= 400;
      if (code != CURLE_OK && !is_answered_early) return fail(failure(code, exchange));
      return std::move(exchange.reply);
    }
  }
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::make(HttpSettings settings) {
  static const CURLcode is_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (is_ready != CURLE_OK) return fail(Code::kInternal, "cli.curl", "libcurl cannot be started");
  while (settings.server.ends_with('/')) settings.server.pop_back();
  const std::string_view server = settings.server;
  const std::size_t scheme = server.starts_with("http://") ? 7 : server.starts_with("https://") ? 8 : 0;
  const bool has_host = scheme != 0 && server.size() > scheme && server[scheme] != ':' && server[scheme] != '/';
  if (!has_host || server.find_first_of(" ?#@\\\r\n\t", scheme) != server.npos) {
    return usage_error(
        fmt::format("--server is {}; give http://HOST:PORT or https://HOST:PORT", slipway::quoted(server)));
  }
  auto state = std::make_unique<State>();
  state->settings = std::move(settings);
  return HttpClient(std::move(state));
}

Result<HttpReply> HttpClient::get(const std::string& target) {
  return state_->perform(target, "", true, {}, [](CURL*) -> Status { return {}; });
}

Result<HttpReply> HttpClient::remove(const std::string& target) {
  return state_->perform(target, "", true, {}, [](CURL* curl) -> Status {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    return {};
  });
}

Result<HttpReply> HttpClient::post_json(const std::string& target, std::string_view json) {
  return state_->perform(target, "application/json", false, {}, [&](CURL* curl) -> Status {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data());
    return {};
  });
}

Result<HttpReply> HttpClient::post(const std::string& target, const std::vector<std::string>& headers,
                                   std::string_view body) {
  Headers list = state_->headers("");
  for (const std::string& line : headers) append(list, line);
  auto reply = state_->perform(target, list, false, {}, [&](CURL* curl) -> Status {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    return {};
  });
  if (reply) reply->headers = state_->reply_headers();
  return reply;
}

Result<HttpReply> HttpClient::put_file(const std::string& target, const std::string& path, const Progress& progress) {
  Exchange exchange;
  exchange.progress = &progress;
  exchange.is_upload = true;
  File file;
  return state_->perform(target, "application/octet-stream", true, exchange, [&](CURL* curl) -> Status {
    file.reset(std::fopen(path.c_str(), "rbe"));
    struct stat status {};
    if (!file || fstat(fileno(file.get()), &status) != 0) {
      return fail(Code::kNotFound, "cli.unreadable_file", fmt::format("cannot read {}", path));
    }
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READDATA, file.get());  // libcurl's default reader is fread
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
    return {};
  });
}

Result<HttpReply> HttpClient::download(const std::string& target, const Sink& sink, const Progress& progress) {
  Exchange exchange;
  exchange.sink = &sink;
  exchange.progress = &progress;
  return state_->perform(target, "", true, exchange, [](CURL* curl) -> Status {
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L << 10);
    return {};
  });
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool is_unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                               c == '.' || c == '_' || c == '~';
    if (is_unreserved) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = &note_interrupt;
  action.sa_flags = SA_RESETHAND;  // a second signal ends the process at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() noexcept { return interrupted != 0; }

}  // namespace slipway::cli
