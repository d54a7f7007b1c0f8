#include "protocol/mlflow/artifact_url.h"

#include <charconv>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"

namespace slipway::mlflow {
namespace {

constexpr std::string_view kPrefix = "/api/2.0/mlflow-artifacts/mpu/parts/";

tl::unexpected<Error> invalid_signature() {
  return fail(Code::kNotFound, "artifact.invalid_signature",
              "the URL of this part was not made by this server; create the upload again");
}

std::int64_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

// HMAC-SHA256, RFC 2104, in hexadecimal.
std::string PartUrls::sign(std::string_view upload_id, std::string_view number, std::string_view expires) const {
  const std::string text = std::string(upload_id).append("/").append(number).append("?").append(expires);
  std::array<std::uint8_t, 32> code{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.reveal().data(), static_cast<int>(key_.reveal().size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &size);
  return to_hex(code);
}

std::string PartUrls::make(std::string_view upload_id, std::int64_t number) const {
  const std::string part = std::to_string(number);
  const std::string expires = std::to_string(seconds(clock_->now() + kPartUrlLifetime));
  std::string url(kPrefix);
  url.append(upload_id).append("/").append(part).append("?expires=").append(expires);
  return url.append("&signature=").append(sign(upload_id, part, expires));
}

Status PartUrls::check(const HttpRequest& request) const {
  SLIPWAY_TRY(const auto expires, request.query_parameter("expires"));
  SLIPWAY_TRY(const auto signature, request.query_parameter("signature"));
  if (!expires || !signature) return invalid_signature();
  const std::string expected = sign(request.parameter("upload"), request.parameter("number"), *expires);
  if (!constant_time_equal(*signature, expected)) return invalid_signature();
  std::int64_t until = 0;
  std::from_chars(expires->data(), expires->data() + expires->size(), until);  // signed, so a number
  if (seconds(clock_->now()) < until) return {};
  return fail(Code::kNotFound, "artifact.expired_url", "the URL of this part has expired; create the upload again");
}

Gate with_part_urls(Gate gate, const PartUrls& urls) {
  return [gate = std::move(gate), &urls](const HttpRequest& request, Permission permission,
                                         std::string_view model) -> Result<std::shared_ptr<const Principal>> {
    if (request.route != kPartPattern) return gate(request, permission, model);
    SLIPWAY_CHECK(urls.check(request));
    return std::shared_ptr<const Principal>();
  };
}

}  // namespace slipway::mlflow
