#include "outbox/signature.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// Python 3.11: base64(hmac.new(b"whsec_123", b'0190163d-…ad91.1795000000.{"a":1}', "sha256").digest())
TEST(WebhookSignature, IsTheOneThatMlflowsReceiversCheck) {
  EXPECT_EQ(webhook_signature(Secret("whsec_123"), "0190163d-8694-739b-aea5-966c26f8ad91", "1795000000", R"({"a":1})"),
            "v1,v7EFBH3VC79/E8Szm61kfDnPcDVAwGKaS2twitoyaU0=");
}

}  // namespace
}  // namespace slipway
