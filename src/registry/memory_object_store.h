// An ObjectStore in memory for tests, that also lets a test age and alter what is in it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "storage/objects.h"

namespace slipway {

class MemoryObjectStore final : public ObjectStore {
 public:
  struct Object {
    std::vector<std::byte> bytes;
    WallTime modified{};
  };

  explicit MemoryObjectStore(const Clock& clock) : clock_(&clock) {}

  std::map<std::string, Object, std::less<>> objects;  // for the test's own hands

  Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) override {
    if (objects.contains(key)) return fail(Code::kAlreadyExists, "object.exists", std::string(key));
    return std::make_unique<Writer>(*this, std::string(key));
  }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view key) override {
    const auto found = objects.find(key);
    if (found == objects.end()) return fail(Code::kNotFound, "object.not_found", std::string(key));
    return std::make_unique<Reader>(found->second.bytes);
  }
  Result<ObjectInfo> stat(std::string_view key) override {
    const auto found = objects.find(key);
    if (found == objects.end()) return fail(Code::kNotFound, "object.not_found", std::string(key));
    return ObjectInfo{found->first, found->second.bytes.size(), found->second.modified};
  }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) override {
    std::vector<ObjectInfo> listed;
    for (const auto& [key, object] : objects) {
      if (key.starts_with(prefix)) listed.push_back({key, object.bytes.size(), object.modified});
    }
    return listed;
  }
  Status remove(std::string_view key) override {
    if (const auto found = objects.find(key); found != objects.end()) objects.erase(found);
    return {};
  }

 private:
  class Writer final : public ObjectWriter {
   public:
    Writer(MemoryObjectStore& store, std::string key) : store_(&store), key_(std::move(key)) {}
    Status append(std::span<const std::byte> bytes) override {
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
      return {};
    }
    Status finish() override {
      const bool is_new = store_->objects.try_emplace(key_, Object{bytes_, store_->clock_->now()}).second;
      if (!is_new) return fail(Code::kAlreadyExists, "object.exists", key_);
      return {};
    }

   private:
    MemoryObjectStore* store_;
    std::string key_;
    std::vector<std::byte> bytes_;
  };

  // Gives at most 1,000 bytes a call: whoever reads must go on.
  class Reader final : public ObjectReader {
   public:
    explicit Reader(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size_bytes() const noexcept override { return bytes_.size(); }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
      if (offset >= bytes_.size()) return std::size_t{0};
      const std::size_t size = std::min({out.size(), bytes_.size() - offset, std::size_t{1000}});
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
      return size;
    }

   private:
    std::vector<std::byte> bytes_;
  };

  const Clock* clock_;
};

}  // namespace slipway
