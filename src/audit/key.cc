#include "audit/key.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <utility>

#include "audit/file.h"
#include "base/bytes.h"
#include "base/digest.h"

namespace slipway::audit {
namespace {

constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";
constexpr std::size_t kKeyFileBytesMax = 4096;
using KeyBytes = std::array<std::uint8_t, 32>;

tl::unexpected<Error> invalid(std::string_view what) {
  return fail(Code::kInvalidArgument, "audit.key_invalid",
              "not a key: " + std::string(what) + "; accepted: NAME+KEYID+BASE64 of an Ed25519 key");
}

KeyId key_id(std::string_view name, const KeyBytes& public_key) noexcept {
  Sha256 hasher;
  hasher.update(name);
  const std::array<std::uint8_t, 2> separator{'\n', kEd25519};
  hasher.update(std::as_bytes(std::span(separator)));
  hasher.update(std::as_bytes(std::span(public_key)));
  const Digest digest = hasher.finish();
  KeyId id;
  std::copy_n(digest.bytes.begin(), id.size(), id.begin());
  return id;
}

std::string typed_base64(const KeyBytes& bytes) {
  std::vector<std::uint8_t> typed{kEd25519};
  typed.insert(typed.end(), bytes.begin(), bytes.end());
  std::string text = to_base64(typed);
  OPENSSL_cleanse(typed.data(), typed.size());
  return text;
}

struct KeyText {
  std::string_view name;
  std::string_view id;
  KeyBytes bytes;
};

// NAME+KEYID+BASE64; base64 itself may hold '+', so the first two separate.
Result<KeyText> parse_text(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return invalid("it has no two '+'");
  KeyText key{text.substr(0, first), text.substr(first + 1, second - first - 1), {}};
  if (!is_key_name(key.name)) return invalid("its name " + quoted(key.name) + " is empty or has a space or '+'");
  auto typed = from_base64(text.substr(second + 1));
  if (!typed || typed->size() != 33) return invalid("its last part is not the base64 of 33 bytes");
  if (typed->front() != kEd25519) return invalid("its type is not Ed25519 (1)");
  std::copy(typed->begin() + 1, typed->end(), key.bytes.begin());
  OPENSSL_cleanse(typed->data(), typed->size());
  return key;
}

}  // namespace

bool is_key_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 200 || !is_utf8(name)) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '+'; });  // ASCII has no other spaces
}

PublicKey::PublicKey(std::string name, const KeyBytes& bytes)
    : name_(std::move(name)), bytes_(bytes), id_(key_id(name_, bytes)) {}

Result<PublicKey> PublicKey::parse(std::string_view text) {
  SLIPWAY_TRY(const KeyText parts, parse_text(text));
  PublicKey key(std::string(parts.name), parts.bytes);
  if (parts.id != to_hex(key.id_)) return invalid("its id is not that of its name and bytes");
  return key;
}

bool PublicKey::verifies(std::string_view message, const Signature& signature) const noexcept {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_.data(), bytes_.size()), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!key || !context) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

std::string PublicKey::to_string() const { return name_ + "+" + to_hex(id_) + "+" + typed_base64(bytes_); }

void PrivateKey::Free::operator()(void* key) const noexcept { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }

PrivateKey::PrivateKey(Handle handle, PublicKey public_key)
    : handle_(std::move(handle)), public_key_(std::move(public_key)) {}

PrivateKey PrivateKey::from_seed(std::string name, const KeyBytes& seed) {
  Handle handle(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  KeyBytes bytes{};
  std::size_t size = bytes.size();
  // An OpenSSL without Ed25519 cannot run this program.
  if (!handle || EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(handle.get()), bytes.data(), &size) != 1) {
    std::abort();
  }
  return {std::move(handle), PublicKey(std::move(name), bytes)};
}

PrivateKey PrivateKey::generate(std::string name, Random& random) {
  assert(is_key_name(name));
  KeyBytes seed;
  random.fill(std::as_writable_bytes(std::span(seed)));
  PrivateKey key = from_seed(std::move(name), seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

Result<PrivateKey> PrivateKey::parse(std::string_view text) {
  if (!text.starts_with(kPrivatePrefix)) return invalid("it does not begin with PRIVATE+KEY+");
  SLIPWAY_TRY(KeyText parts, parse_text(text.substr(kPrivatePrefix.size())));
  PrivateKey key = from_seed(std::string(parts.name), parts.bytes);
  OPENSSL_cleanse(parts.bytes.data(), parts.bytes.size());
  if (parts.id != to_hex(key.public_key_.id_)) return invalid("its id is not that of its name and bytes");
  return key;
}

Signature PrivateKey::sign(std::string_view message) const noexcept {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Signature signature{};
  std::size_t size = signature.size();
  auto* const key = static_cast<EVP_PKEY*>(handle_.get());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(message.data()),
                     message.size()) != 1) {
    std::abort();  // Ed25519 fails on no message; only memory is left as a cause
  }
  return signature;
}

Status PrivateKey::store(const std::filesystem::path& path, const KeyBytes& seed, const PublicKey& public_key) {
  std::filesystem::path public_path = path;
  public_path += ".pub";
  SLIPWAY_CHECK(replace_file(public_path, public_key.to_string() + "\n", 0644));
  std::string text =
      std::string(kPrivatePrefix) + public_key.name() + "+" + to_hex(public_key.id()) + "+" + typed_base64(seed) + "\n";
  auto status = replace_file(path, text, 0600);
  OPENSSL_cleanse(text.data(), text.size());
  return status;
}

Result<PrivateKey> PrivateKey::load_or_create(const std::filesystem::path& path, std::string_view name) {
  auto text = read_text(path, kKeyFileBytesMax);
  if (!text && text.error().code == Code::kNotFound) {
    if (!is_key_name(name)) return invalid("its name " + quoted(name) + " is empty or has a space or '+'");
    KeyBytes seed;
    system_random().fill(std::as_writable_bytes(std::span(seed)));
    PrivateKey key = from_seed(std::string(name), seed);
    const auto status = store(path, seed, key.public_key_);
    OPENSSL_cleanse(seed.data(), seed.size());
    SLIPWAY_CHECK(status);
    return key;
  }
  if (!text) return fail(std::move(text).error());
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail(io_error("examine", path));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(
        Code::kPermissionDenied, "audit.key_exposed",
        "the private key " + quoted(path.native(), 256) + " is open to others than its owner; accepted: mode 0600");
  }
  std::string_view line(*text);
  if (line.ends_with('\n')) line.remove_suffix(1);
  auto key = parse(line);
  OPENSSL_cleanse(text->data(), text->size());
  return key;
}

Status store_public_key(const std::filesystem::path& directory, const PublicKey& key) {
  return replace_file(directory / "audit.key.pub", key.to_string() + "\n", 0644);
}

Result<PublicKey> stored_public_key(const std::filesystem::path& directory) {
  SLIPWAY_TRY(const std::string text, read_text(directory / "audit.key.pub", kKeyFileBytesMax));
  std::string_view line(text);
  if (line.ends_with('\n')) line.remove_suffix(1);
  return PublicKey::parse(line);
}

}  // namespace slipway::audit
