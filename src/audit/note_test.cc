#include "audit/note.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit/file.h"
#include "audit/test_support.h"

namespace slipway::audit {
namespace {

// Keys, text and signature of the tests of Go's golang.org/x/mod/sumdb/note.
constexpr std::string_view kPublic = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kPrivate = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr std::string_view kText =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr std::string_view kNote =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Note, AgreesWithPublishedKeysAndSignature) {
  const auto public_key = PublicKey::parse(kPublic).value();
  EXPECT_EQ(public_key.to_string(), kPublic);
  EXPECT_EQ(open_note(kNote, public_key).value(), kText);
  const auto private_key = PrivateKey::parse(kPrivate).value();
  EXPECT_EQ(private_key.public_key(), public_key);
  EXPECT_EQ(sign_note(kText, private_key), kNote);
}

TEST(Note, EveryFlippedBitIsRefused) {
  const auto key = PublicKey::parse(kPublic).value();
  for (std::size_t bit = 0; bit < kNote.size() * 8; ++bit) {
    std::string altered(kNote);
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(open_note(altered, key)) << "bit " << bit;
  }
}

TEST(Note, IgnoresCosignaturesOfUnknownKeys) {
  const auto key = PrivateKey::generate("example.com/log");
  const auto witness = PrivateKey::generate("witness.example");
  const auto stranger = PrivateKey::generate("example.com/log");  // same name, other key
  const std::string text = "hello\n";
  std::string note = sign_note(text, key);
  for (const auto* other : {&witness, &stranger}) note += sign_note(text, *other).substr(text.size() + 1);
  EXPECT_EQ(open_note(note, key.public_key()).value(), text);
  EXPECT_EQ(open_note(note, witness.public_key()).value(), text);
  EXPECT_EQ(open_note(note, PrivateKey::generate("nobody.example").public_key()).error().reason,
            "audit.signature_invalid");
}

TEST(Note, RefusesKeysThatAreNotExactlyOne) {
  for (const std::string_view text :
       {"", "PeterNeumann", "PeterNeumann+c74f20a3", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumanM+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T="}) {
    EXPECT_FALSE(PublicKey::parse(text)) << text;
  }
  EXPECT_FALSE(PrivateKey::parse(kPublic));
}

TEST(Checkpoint, ParsesExactlyWhatItWrites) {
  const Checkpoint checkpoint{"example.com/log", 20852163, sha256("root")};
  EXPECT_EQ(parse_checkpoint(checkpoint.to_text()).value(), checkpoint);
  const std::string root = checkpoint.to_text().substr(25);
  for (const std::string& text :
       {std::string(), "example.com/log\n020852163\n" + root, "example.com/log\n-1\n" + root, "\n1\n" + root,
        "example.com/log\n\n" + root, checkpoint.to_text() + "extension\n", std::string("example.com/log\n1\nAAAA\n"),
        "example.com/log\n9223372036854775808\n" + root, "example.com/log\n1 \n" + root}) {
    EXPECT_EQ(parse_checkpoint(text).error().reason, "audit.checkpoint_malformed") << text;
  }
}

TEST(Checkpoint, IsRefusedUnderAnotherLogsName) {
  const auto key = PrivateKey::generate("example.com/log");
  const Checkpoint checkpoint{"example.com/other", 1, sha256("root")};
  EXPECT_FALSE(open_checkpoint(sign_note(checkpoint.to_text(), key), key.public_key()));
}

TEST(PrivateKey, IsMadeOnceAndReadOnlyByItsOwner) {
  const TempDirectory directory;
  const auto path = directory.path() / "audit.key";
  const auto made = PrivateKey::load_or_create(path, "example.com/log").value();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto loaded = PrivateKey::load_or_create(path, "another.name").value();
  EXPECT_EQ(loaded.public_key(), made.public_key());
  EXPECT_EQ(read_text(directory.path() / "audit.key.pub", 1000).value(), made.public_key().to_string() + "\n");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(PrivateKey::load_or_create(path, "example.com/log").error().reason, "audit.key_exposed");
}

}  // namespace
}  // namespace slipway::audit
