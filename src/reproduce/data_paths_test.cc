#include "reproduce/data_paths.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "reproduce/files.h"

namespace slipway::reproduce {
namespace {

namespace fs = std::filesystem;

class DataPaths : public testing::Test {
 protected:
  DataPaths() : scratch_(std::move(*ScratchDirectory::make())), root_(fs::canonical(scratch_.path()) / "repository") {
    fs::create_directories(root_ + "/sub/data");
    for (const char* name : {"/sub/data/b.csv", "/sub/data/a.csv", "/../outside.csv"})
      EXPECT_TRUE(write_new_file(fs::path(root_ + name).lexically_normal(), "x"));
  }
  std::vector<std::string> inputs(const std::string& given) {
    const auto found = find_inputs(given, root_ + "/sub", root_);
    if (!found) return {found.error().reason};
    std::vector<std::string> paths;
    for (const DataPath& path : *found) paths.push_back(path.path);
    return paths;
  }
  std::string output(const std::string& given) {
    const auto path = output_path(given, root_ + "/sub", root_);
    return path ? *path : path.error().reason;
  }

  ScratchDirectory scratch_;
  std::string root_;
};

using Paths = std::vector<std::string>;

TEST_F(DataPaths, InputsAreRelativeToTheRepository) {
  EXPECT_EQ(inputs("data/a.csv"), (Paths{"sub/data/a.csv"}));
  EXPECT_EQ(inputs(root_ + "/sub/data/a.csv"), (Paths{"sub/data/a.csv"}));
  EXPECT_EQ(inputs("data/"), (Paths{"sub/data/a.csv", "sub/data/b.csv"}));
  EXPECT_EQ(inputs("../../outside.csv"), (Paths{fs::path(root_).parent_path() / "outside.csv"}));
  EXPECT_EQ(inputs("missing"), (Paths{"file.not_found"}));
  EXPECT_EQ(inputs(".."), (Paths{"reproduce.path"}));
}

TEST_F(DataPaths, AnInputMayBeALinkToWhereTheDataIs) {
  fs::create_symlink("../../outside.csv", root_ + "/sub/linked.csv");
  EXPECT_EQ(inputs("linked.csv"), (Paths{"sub/linked.csv"}));
  fs::create_directory_symlink(root_, fs::path(root_).parent_path() / "other");
  EXPECT_EQ(inputs("../../other/sub/data/a.csv"), (Paths{"sub/data/a.csv"}));
}

TEST_F(DataPaths, OutputsStandInTheRepository) {
  EXPECT_EQ(output("out/"), "sub/out");
  EXPECT_EQ(output("../x"), "x");
  for (const char* given : {"..", "../..", "../../outside.csv", "/tmp/x", "../.git", "../.git/config"})
    EXPECT_EQ(output(given), "reproduce.path") << given;
}

TEST_F(DataPaths, TheFolderOfBundlesIsUnknownToGit) {
  EXPECT_EQ(*bundle_folder(root_, "r1"), root_ + "/.slipway/runs/r1");
  EXPECT_EQ(*bundle_folder(root_, "r2"), root_ + "/.slipway/runs/r2");
  EXPECT_EQ(*read_file(root_ + "/.slipway/.gitignore", 100), "*\n");
}

}  // namespace
}  // namespace slipway::reproduce
