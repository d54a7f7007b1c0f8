// Files of the tests, in a directory that ends with the test.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unistd.h>

namespace slipway::score {

class TestFiles {
 public:
  TestFiles() {
    char name[] = "/tmp/slipway-score-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~TestFiles() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  TestFiles(const TestFiles&) = delete;
  TestFiles& operator=(const TestFiles&) = delete;

  std::string path(std::string_view name) const { return directory_ + '/' + std::string(name); }
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string read(std::string_view name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool has(std::string_view name) const { return std::filesystem::exists(path(name)); }

 private:
  std::string directory_;
};

}  // namespace slipway::score
