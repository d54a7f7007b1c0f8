// OpenSSL calls the functions below deprecated in favour of EVP, whose context costs a lock, several allocations and
// more time than the hashing itself when the data is a few hundred bytes, as it is on the request path. They are the
// same code, and the same hardware, underneath.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <algorithm>
#include <openssl/sha.h>

#include "base/bytes.h"

namespace slipway {
namespace {

SHA256_CTX* context_of(void* context) noexcept { return static_cast<SHA256_CTX*>(context); }

}  // namespace

std::optional<Digest> Digest::parse(std::string_view hex) noexcept {
  if (hex.size() != 64) return std::nullopt;
  const auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
  return digest;
}

std::string Digest::hex() const { return to_hex(bytes); }

Digest sha256(std::span<const std::byte> data) noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  Digest digest;
  SHA256_Final(digest.bytes.data(), &context);
  return digest;
}

Digest sha256(std::string_view data) noexcept { return sha256(as_bytes(data)); }

void Sha256::Free::operator()(void* context) const noexcept { delete context_of(context); }

Sha256::Sha256() : context_(new SHA256_CTX) { reset(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> data) noexcept {
  SHA256_Update(context_of(context_.get()), data.data(), data.size());
}
void Sha256::update(std::string_view data) noexcept { update(as_bytes(data)); }

Digest Sha256::finish() noexcept {
  Digest digest;
  SHA256_Final(digest.bytes.data(), context_of(context_.get()));
  return digest;
}

void Sha256::reset() noexcept { SHA256_Init(context_of(context_.get())); }

}  // namespace slipway
