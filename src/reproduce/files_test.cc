#include "reproduce/files.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : scratch_(std::move(*ScratchDirectory::make())), root_(scratch_.path()) {}
  void write(const std::string& path, std::string_view text) {
    fs::create_directories(fs::path(root_ + '/' + path).parent_path());
    ASSERT_TRUE(write_new_file(root_ + '/' + path, text));
  }
  std::uint64_t rows_of(std::string_view text) {
    const std::string path = root_ + "/rows.csv";
    fs::remove(path);
    EXPECT_TRUE(write_new_file(path, text));
    return hash_file(path, "rows.csv")->rows.value();
  }

  ScratchDirectory scratch_;
  std::string root_;
};

TEST_F(Files, AreHashedWithSizeAndRows) {
  write("a.bin", "abc");
  const auto file = hash_file(root_ + "/a.bin", "x/a.bin");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->path, "x/a.bin");
  EXPECT_EQ(file->size_bytes, 3U);
  EXPECT_EQ(file->sha256, sha256("abc"));
  EXPECT_FALSE(file->rows);
  EXPECT_EQ(rows_of(""), 0U);
  EXPECT_EQ(rows_of("id\n"), 0U);
  EXPECT_EQ(rows_of("id\n1\n2"), 2U);
  EXPECT_EQ(rows_of("id\n\"a\nb\"\n2\n"), 2U);
}

TEST_F(Files, LinksAreNotFollowed) {
  write("real/a", "abc");
  fs::create_symlink(root_ + "/real/a", root_ + "/link");
  fs::create_directory_symlink(root_ + "/real", root_ + "/folder");
  EXPECT_EQ(hash_file(root_ + "/link", "link").error().reason, "file.not_regular");
  EXPECT_EQ(check_beneath(root_, "folder/a").error().reason, "file.not_regular");
  EXPECT_EQ(make_folders_beneath(root_, "folder/new/a").error().reason, "file.not_regular");
  EXPECT_FALSE(fs::exists(root_ + "/real/new"));
  for (const char* path : {"folder/a", "link", "folder"}) {
    EXPECT_TRUE(list_files(root_, path).files.empty()) << path;
    EXPECT_EQ(list_files(root_, path).refused.size(), 1U) << path;
  }
  fs::create_symlink("/etc/passwd", root_ + "/real/latest");
  EXPECT_EQ(list_files(root_, "real").files, (std::vector<std::string>{"real/a"}));
  EXPECT_EQ(list_files(root_, "real").refused, (std::vector<std::string>{"real/latest is a link or a device"}));
}

TEST_F(Files, AreListedInOrder) {
  write("out/b", "");
  write("out/a/z", "");
  write("other", "");
  EXPECT_EQ(list_files(root_, "out").files, (std::vector<std::string>{"out/a/z", "out/b"}));
  EXPECT_EQ(list_files(root_, "other").files, (std::vector<std::string>{"other"}));
  for (const char* path : {"missing", "missing/too"}) {
    EXPECT_TRUE(list_files(root_, path).files.empty());
    EXPECT_TRUE(list_files(root_, path).refused.empty());
  }
  write("strange/a\\b", "");
  EXPECT_EQ(list_files(root_, "strange").refused.size(), 1U);
}

TEST_F(Files, AreCopiedOnlyWhenTheyAreTheRecordedOnes) {
  write("a", "abc");
  DataFile expected{"a", 3, sha256("abc"), {}, false};
  ASSERT_TRUE(copy_file(root_ + "/a", root_ + "/copy", expected));
  EXPECT_EQ(*read_file(root_ + "/copy", 10), "abc");
  EXPECT_EQ(copy_file(root_ + "/a", root_ + "/copy", expected).error().reason, "file.exists");
  expected.sha256 = sha256("abd");
  EXPECT_EQ(copy_file(root_ + "/a", root_ + "/other", expected).error().reason, "reproduce.changed");
  EXPECT_FALSE(fs::exists(root_ + "/other"));
  EXPECT_EQ(read_file(root_ + "/a", 2).error().reason, "file.too_large");
}

TEST_F(Files, ScratchDirectoriesAreRemoved) {
  std::string path;
  {
    const auto scratch = ScratchDirectory::make();
    path = scratch->path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    ASSERT_TRUE(write_new_file(path + "/a", "x"));
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace slipway::reproduce
