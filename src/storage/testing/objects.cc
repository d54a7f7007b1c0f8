#include "storage/testing/objects.h"

#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"

namespace slipway {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "slipway_test_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    std::abort();
  }
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Status put_object(ObjectStore& store, std::string_view key, std::string_view content) {
  SLIPWAY_TRY(const auto writer, store.create(key));
  SLIPWAY_CHECK(writer->append(as_bytes(content)));
  return writer->finish();
}

std::string get_object(ObjectStore& store, std::string_view key) {
  const auto reader = store.open(key);
  if (!reader) return reader.error().reason;
  std::string content((*reader)->size_bytes(), '\0');
  const auto size = (*reader)->read_at(0, std::as_writable_bytes(std::span(content)));
  return size ? content.substr(0, *size) : size.error().reason;
}

std::vector<std::string> object_keys(ObjectStore& store, std::string_view prefix) {
  const auto infos = store.list(prefix);
  if (!infos) return {"error"};
  std::vector<std::string> keys;
  for (const ObjectInfo& info : *infos) keys.push_back(info.key);
  return keys;
}

}  // namespace slipway
