#include "app/remote_keys.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace slipway {
namespace {

std::string reason_of(const Result<Secret>& secret) { return secret ? "" : secret.error().reason; }

TEST(RemoteKeys, AreFoundByTheirName) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / "remote_keys";
  fs::create_directories(folder);
  std::ofstream(folder / "triton") << "word\nmore\n";
  fs::permissions(folder / "triton", fs::perms::owner_read | fs::perms::owner_write);
  const RemoteKey file{RemoteKey::Source::kFile, "triton"};
  EXPECT_EQ(read_remote_key(file, folder.string())->reveal(), "word");
  EXPECT_EQ(reason_of(read_remote_key(file, "")), "remote.key");
  EXPECT_EQ(reason_of(read_remote_key({RemoteKey::Source::kFile, "other"}, folder.string())), "app.secret_file");

  ::setenv("SLIPWAY_REMOTE_TEST", "word", 1);
  ::setenv("OTHER_TEST", "word", 1);
  EXPECT_EQ(read_remote_key({RemoteKey::Source::kEnvironment, "SLIPWAY_REMOTE_TEST"}, "")->reveal(), "word");
  EXPECT_EQ(reason_of(read_remote_key({RemoteKey::Source::kEnvironment, "OTHER_TEST"}, "")), "remote.key");
  EXPECT_EQ(reason_of(read_remote_key({RemoteKey::Source::kEnvironment, "SLIPWAY_REMOTE_ABSENT"}, "")), "remote.key");
}

}  // namespace
}  // namespace slipway
