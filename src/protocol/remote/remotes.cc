#include "protocol/remote/remotes.h"

#include <algorithm>
#include <future>

#include "base/bytes.h"
#include "protocol/remote/endpoint.h"
#include "protocol/remote/metrics.h"
#include "protocol/remote/watch.h"

namespace slipway {
namespace {

Result<RemoteOrigin> find_origin(const std::string& url, const std::vector<RemoteAllowance>& allowed) {
  SLIPWAY_TRY(RemoteOrigin origin, parse_remote_url(url));
  if (is_allowed(origin, allowed)) return origin;
  return fail(Code::kFailedPrecondition, "remote.not_allowed",
              "the remote " + origin.authority() + " may not be asked; the server is started with --remote-allow " +
                  origin.authority() + " to allow it");
}

// A header cannot hold everything that a file can.
Result<Secret> checked(Result<Secret> secret) {
  if (!secret) return fail(Code::kFailedPrecondition, "remote.key", secret.error().message);
  const std::string_view text = secret->reveal();
  if (text.empty() || std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    return fail(Code::kFailedPrecondition, "remote.key", "a key for a remote is made of visible ASCII characters");
  }
  return secret;
}

}  // namespace

HttpRemotes::HttpRemotes(HttpRemotesOptions options, std::shared_ptr<RemoteClient> client, metrics::Registry& registry)
    : options_(std::move(options)), client_(std::move(client)), ready_(remote_ready_family(registry)) {}

HttpRemotes::~HttpRemotes() { stop(); }

void HttpRemotes::stop() { client_->stop(); }

Result<std::unique_ptr<HttpRemotes>> HttpRemotes::start(HttpRemotesOptions options, metrics::Registry& registry) {
  SLIPWAY_TRY(std::shared_ptr<RemoteClient> client, RemoteClient::start(options.client, registry));
  return std::unique_ptr<HttpRemotes>(new HttpRemotes(std::move(options), std::move(client), registry));
}

Status HttpRemotes::check(const RemoteTarget& target) const {
  SLIPWAY_CHECK(find_origin(target.url, options_.allowed));
  if (target.key) SLIPWAY_CHECK(checked(options_.read_key(*target.key)));
  return {};
}

std::shared_ptr<const HttpRemoteEndpoint> HttpRemotes::endpoint(const RemoteTarget& target) const {
  return std::make_shared<const HttpRemoteEndpoint>(
      target, find_origin(target.url, options_.allowed),
      [read = options_.read_key](const RemoteKey& key) { return checked(read(key)); }, client_);
}

std::shared_ptr<const RemoteEndpoint> HttpRemotes::open(const RemoteTarget& target) const { return endpoint(target); }

Result<RemoteMetadata> HttpRemotes::describe(const RemoteTarget& target, Monotonic deadline) const {
  SLIPWAY_CHECK(check(target));
  const auto asked = endpoint(target);
  InPlaceExecutor executor;
  const auto answered = std::make_shared<std::promise<Result<RemoteMetadata>>>();
  slipway::start(asked->describe(executor, deadline),
                 [answered](Result<RemoteMetadata> result) { answered->set_value(std::move(result)); });
  return answered->get_future().get();
}

std::shared_ptr<const RemoteWatch> HttpRemotes::watch(const RemoteTarget& target, const Digest& metadata,
                                                      Monotonic deadline) const {
  auto watch = std::make_shared<HttpRemoteWatch>(endpoint(target), metadata, ready_.with({target.url, target.model}));
  client_->each_second(watch);
  watch->wait_for_first_look(deadline);
  return watch;
}

}  // namespace slipway
