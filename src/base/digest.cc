#include "base/digest.h"

#include <algorithm>
#include <cstdlib>
#include <openssl/evp.h>

#include "base/bytes.h"

namespace slipway {
namespace {

// Fetched once: EVP_sha256() would look the provider up again at every initialisation (OpenSSL 3).
const EVP_MD* method() noexcept {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (fetched == nullptr) std::abort();  // an OpenSSL without SHA-256 cannot run this program
  return fetched;
}

EVP_MD_CTX* context_of(void* context) noexcept { return static_cast<EVP_MD_CTX*>(context); }

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
  thread_local Sha256 hasher;
  hasher.reset();
  hasher.update(data);
  return hasher.finish();
}

Digest sha256(std::string_view data) noexcept { return sha256(as_bytes(data)); }

void Sha256::Free::operator()(void* context) const noexcept { EVP_MD_CTX_free(context_of(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) { reset(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> data) noexcept {
  EVP_DigestUpdate(context_of(context_.get()), data.data(), data.size());
}
void Sha256::update(std::string_view data) noexcept { update(as_bytes(data)); }

Digest Sha256::finish() noexcept {
  Digest digest;
  EVP_DigestFinal_ex(context_of(context_.get()), digest.bytes.data(), nullptr);
  return digest;
}

void Sha256::reset() noexcept { EVP_DigestInit_ex(context_of(context_.get()), method(), nullptr); }

}  // namespace slipway
