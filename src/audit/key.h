// Ed25519 keys in the text forms of signed notes (C2SP signed-note; the vkey and skey texts of Go's sumdb/note).
//
//   public   NAME+KEYID+BASE64(0x01 || 32 bytes)
//   private  PRIVATE+KEY+NAME+KEYID+BASE64(0x01 || 32 bytes of seed)
//
// KEYID is the first four bytes of SHA-256(NAME || 0x0A || 0x01 || public key) in hexadecimal. A name is what the log
// calls itself, by custom a URL without scheme ("example.com/slipway"); it is not empty and has no space, control
// character or '+'.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace slipway::audit {

using Signature = std::array<std::uint8_t, 64>;
using KeyId = std::array<std::uint8_t, 4>;

bool is_key_name(std::string_view name) noexcept;

class PublicKey {
 public:
  // invalid_argument "audit.key_invalid" unless `text` is exactly a public key of type 0x01 whose id is right.
  static Result<PublicKey> parse(std::string_view text);

  bool verifies(std::string_view message, const Signature& signature) const noexcept;
  const std::string& name() const noexcept { return name_; }
  const KeyId& id() const noexcept { return id_; }
  std::string to_string() const;
  bool operator==(const PublicKey&) const = default;

 private:
  friend class PrivateKey;
  PublicKey(std::string name, const std::array<std::uint8_t, 32>& bytes);
  std::string name_;
  std::array<std::uint8_t, 32> bytes_{};
  KeyId id_{};
};

class PrivateKey {
 public:
  // Precondition: is_key_name(name).
  static PrivateKey generate(std::string name, Random& random = system_random());
  static Result<PrivateKey> parse(std::string_view text);
  // Reads the key of `path`, or makes one and stores it (mode 0600) with its public half in `path`.pub (0644).
  // permission_denied "audit.key_exposed" if others than the owner can read the file.
  static Result<PrivateKey> load_or_create(const std::filesystem::path& path, std::string_view name);

  // Thread-safe.
  Signature sign(std::string_view message) const noexcept;
  const PublicKey& public_key() const noexcept { return public_key_; }

 private:
  struct Free {
    void operator()(void* key) const noexcept;
  };
  using Handle = std::unique_ptr<void, Free>;
  PrivateKey(Handle handle, PublicKey public_key);
  static PrivateKey from_seed(std::string name, const std::array<std::uint8_t, 32>& seed);
  static Status store(const std::filesystem::path& path, const std::array<std::uint8_t, 32>& seed,
                      const PublicKey& public_key);

  Handle handle_;
  PublicKey public_key_;
};

// `directory`/audit.key.pub: the public key of the log in `directory`.
Status store_public_key(const std::filesystem::path& directory, const PublicKey& key);
Result<PublicKey> stored_public_key(const std::filesystem::path& directory);

}  // namespace slipway::audit
