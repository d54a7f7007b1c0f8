#include "outbox/signature.h"

#include <array>
#include <cassert>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"

namespace slipway {

std::string webhook_signature(const Secret& secret, std::string_view delivery_id, std::string_view timestamp,
                              std::string_view body) {
  std::string content;
  content.reserve(delivery_id.size() + timestamp.size() + body.size() + 2);
  content.append(delivery_id).append(1, '.').append(timestamp).append(1, '.').append(body);
  const std::string_view key = secret.reveal();
  std::array<std::uint8_t, 32> mac{};
  unsigned size = 0;
  [[maybe_unused]] const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac.data(), &size);
  assert(done != nullptr && size == mac.size());
  return "v1," + to_base64(mac);
}

}  // namespace slipway
