#include "protocol/remote/endpoint.h"

#include "base/bytes.h"
#include "base/log.h"
#include "protocol/inference/remote_infer.h"
#include "protocol/inference/remote_metadata.h"

namespace slipway {
namespace {

constexpr std::chrono::seconds kSecretAge{10};
constexpr std::chrono::seconds kNotePause{10};  // of the log
constexpr std::size_t kRemoteTextMax = 512;     // of what a remote says of an error

Monotonic now() { return std::chrono::steady_clock::now(); }

struct RemoteOutputs final : RunOutputs::Storage {
  std::string body;
  InferRequest scratch;
  void clear() noexcept override {
    tensors.clear();
    scratch.clear();
    body = {};
  }
};

RemoteOutputs& outputs_in(RunOutputs& out) {
  if (auto* kept = dynamic_cast<RemoteOutputs*>(out.storage().get())) return *kept;
  auto made = std::make_unique<RemoteOutputs>();
  RemoteOutputs& outputs = *made;
  out.storage() = std::move(made);
  return outputs;
}

std::string path_of(const RemoteTarget& target) {
  std::string path = "/v2/models/" + encode_segment(target.model);
  if (!target.version.empty()) path += "/versions/" + encode_segment(target.version);
  return path;
}

// What the remote refuses is the caller's mistake, as far as anyone can tell; a wrong key or path is ours.
Code code_of(int status) noexcept {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return Code::kInvalidArgument;
    case 404:
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

}  // namespace

Result<std::string> RemoteSecret::header() const {
  if (!key_) return std::string();
  std::lock_guard lock(mutex_);
  if (!value_ || now() - read_at_ > kSecretAge) {
    SLIPWAY_TRY(value_, read_(*key_));
    read_at_ = now();
  }
  std::string line = key_->header + (key_->header == "authorization" ? ": Bearer " : ": ");
  return line.append(value_->reveal()).append("\r\n");
}

HttpRemoteEndpoint::HttpRemoteEndpoint(RemoteTarget target, Result<RemoteOrigin> origin,
                                       std::function<Result<Secret>(const RemoteKey&)> read_key,
                                       std::shared_ptr<RemoteClient> client)
    : target_(std::move(target)),
      origin_(std::move(origin)),
      path_(path_of(target_)),
      secret_(target_.key, std::move(read_key)),
      client_(std::move(client)) {}

Error HttpRemoteEndpoint::named(Error error) const {
  error.message = "the remote " + (origin_ ? origin_->authority() : target_.url) + ", model " + quoted(target_.model) +
                  ": " + error.message;
  return error;
}

Result<RemoteRequest> HttpRemoteEndpoint::make_request(std::string_view method, const std::string& path,
                                                       std::string body, std::optional<std::size_t> json_bytes) const {
  SLIPWAY_TRY(const std::string secret, secret_.header());
  RemoteRequest request{.origin = *origin_, .head = {}, .body = std::move(body)};
  request.head.append(method).append(" ").append(origin_->prefix).append(path).append(" HTTP/1.1\r\nhost: ");
  request.head += origin_->authority() + "\r\nuser-agent: slipway\r\naccept-encoding: identity\r\n" + secret;
  if (method == "POST") {
    request.head += "content-type: " + std::string(json_bytes ? "application/octet-stream" : "application/json") +
                    "\r\ncontent-length: " + std::to_string(request.body.size()) + "\r\n";
  }
  if (json_bytes) request.head += "inference-header-content-length: " + std::to_string(*json_bytes) + "\r\n";
  request.head += "\r\n";
  return request;
}

Task<Result<RemoteReply>> HttpRemoteEndpoint::send(Executor& executor, Monotonic deadline,
                                                   RemoteRequest request) const {
  auto waiting = callback_on<Result<RemoteReply>>(
      executor, [&](auto resume) { client_->send(std::move(request), deadline, std::move(resume)); });
  co_return co_await waiting;
}

Status HttpRemoteEndpoint::check_status(const RemoteReply& reply) const {
  if (reply.status == 200) return {};
  std::string said = remote_error_text(reply.body);
  const Code code = code_of(reply.status);
  return fail(
      named({code,
             "remote.status",
             "it answered " + std::to_string(reply.status) + (said.empty() ? "" : ": " + quoted(said, kRemoteTextMax)),
             {}}));
}

// The body of an answer of status 200.
Task<Result<std::string>> HttpRemoteEndpoint::get(Executor& executor, Monotonic deadline, std::string path) const {
  if (!origin_) co_return fail(origin_.error());
  auto request = make_request("GET", path, "", std::nullopt);
  if (!request) co_return fail(std::move(request).error());
  auto reply = co_await send(executor, deadline, *std::move(request));
  if (!reply) co_return fail(std::move(reply).error());
  Status checked = check_status(*reply);
  if (!checked) co_return fail(std::move(checked).error());
  co_return std::move(reply->body);
}

Task<Result<RemoteServerMetadata>> HttpRemoteEndpoint::describe_server(Executor& executor, Monotonic deadline) const {
  const auto body = co_await get(executor, deadline, "/v2");
  if (!body) co_return fail(body.error());
  auto metadata = parse_server_metadata(*body);
  if (!metadata) co_return fail(named(std::move(metadata).error()));
  binary_.store(metadata->has_binary_tensors() ? Binary::kYes : Binary::kNo, std::memory_order_relaxed);
  co_return metadata;
}

Task<Result<RemoteMetadata>> HttpRemoteEndpoint::describe(Executor& executor, Monotonic deadline) const {
  auto server = co_await describe_server(executor, deadline);
  if (!server) co_return fail(std::move(server).error());
  const auto body = co_await get(executor, deadline, path_);
  if (!body) co_return fail(body.error());
  auto model = parse_model_metadata(*body);
  if (!model) co_return fail(named(std::move(model).error()));
  co_return RemoteMetadata{.server = *std::move(server), .model = *std::move(model)};
}

Task<Status> HttpRemoteEndpoint::ask_readiness(Executor& executor, Monotonic deadline) const {
  auto body = co_await get(executor, deadline, path_ + "/ready");
  if (body) co_return Status();
  Error error = std::move(body).error();
  if (error.reason == "remote.status") error = {Code::kUnavailable, "remote.not_ready", std::move(error.message), {}};
  co_return fail(std::move(error));
}

// Asked once; asked again after anything went wrong, since another server may stand there by then.
Task<Result<bool>> HttpRemoteEndpoint::find_binary(Executor& executor, Monotonic deadline) const {
  const Binary known = binary_.load(std::memory_order_relaxed);
  if (known != Binary::kUnknown) co_return known == Binary::kYes;
  const auto metadata = co_await describe_server(executor, deadline);
  if (!metadata) co_return fail(metadata.error());
  co_return metadata->has_binary_tensors();
}

void HttpRemoteEndpoint::note(const Error& error) const {
  const Monotonic time = now();
  Monotonic last = noted_.load(std::memory_order_relaxed);
  if (last != Monotonic{} && time - last < kNotePause) return;
  if (!noted_.compare_exchange_strong(last, time)) return;
  log::warning(
      "remote.failed",
      {{"remote", target_.url}, {"model", target_.model}, {"reason", error.reason}, {"message", error.message}});
}

Task<Status> HttpRemoteEndpoint::infer(RemoteCall call, RunOutputs& out) const {
  Status status = co_await ask(call, out);
  if (!status) {
    binary_.store(Binary::kUnknown, std::memory_order_relaxed);
    note(status.error());
  }
  co_return status;
}

Task<Status> HttpRemoteEndpoint::ask(RemoteCall call, RunOutputs& out) const {
  if (!origin_) co_return fail(origin_.error());
  const Monotonic deadline = target_.timeout ? std::min(call.deadline, now() + *target_.timeout) : call.deadline;
  if (now() >= deadline) {
    co_return fail(named({Code::kDeadlineExceeded, "remote.deadline", "no time is left to ask it", {}}));
  }
  const auto is_binary = co_await find_binary(*call.executor, deadline);
  if (!is_binary) co_return fail(is_binary.error());
  auto encoded = encode_remote_infer(call.inputs, *call.signature, call.wanted, *is_binary);
  if (!encoded) co_return fail(std::move(encoded).error());
  auto request = make_request("POST", path_ + "/infer", std::move(encoded->body), encoded->json_bytes);
  if (!request) co_return fail(std::move(request).error());
  auto reply = co_await send(*call.executor, deadline, *std::move(request));
  if (!reply) co_return fail(std::move(reply).error());
  Status status = check_status(*reply);
  if (status) {
    RemoteOutputs& outputs = outputs_in(out);
    outputs.clear();
    outputs.body = std::move(reply->body);
    const auto length = reply->json_length.empty() ? std::nullopt : std::optional<std::string_view>(reply->json_length);
    status = decode_remote_infer(as_bytes(outputs.body), length, *call.signature, call.wanted, outputs.scratch,
                                 outputs.tensors);
    if (!status) status = fail(named(std::move(status).error()));
  }
  co_return status;
}

}  // namespace slipway
