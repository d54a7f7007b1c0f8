// Blobs by key: write-once, over Arrow's file systems (a local directory now, s3:// by URI).
//
// Keys are made by us ("blobs/sha256/ab/abcd…"): segments of [A-Za-z0-9._-], no empty, "." or ".." segment. No text of
// a client ever becomes a key. All calls block. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway {

struct ObjectInfo {
  std::string key;
  std::uint64_t size_bytes = 0;
  WallTime modified{};
};

// Bytes going in. Nothing is visible under the key until finish() is ok; dropping it unfinished leaves nothing.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status append(std::span<const std::byte> bytes) = 0;
  // Durable when ok. already_exists "object.exists" if the key exists by now.
  virtual Status finish() = 0;
};

// Bytes coming out, at any offset. Thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual std::uint64_t size_bytes() const noexcept = 0;
  // Fills `out` as far as the object goes; returns the number of bytes read.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) = 0;
  // Makes the local regular file `path` (no link) an object, by a second name for it where the store is on the same
  // file system, by a copy elsewhere: nobody may write to it any more. Its old name stays the caller's to remove.
  // Durable when ok. already_exists "object.exists".
  virtual Status adopt(std::string_view key, const std::string& path);
  virtual Result<std::unique_ptr<ObjectReader>> open(std::string_view key) = 0;  // not_found "object.not_found"
  virtual Result<ObjectInfo> stat(std::string_view key) = 0;                     // not_found "object.not_found"
  virtual Result<std::vector<ObjectInfo>> list(std::string_view prefix) = 0;     // recursive, sorted by key
  virtual Status remove(std::string_view key) = 0;                               // ok if absent
};

// "file:///absolute/dir", a plain directory path, or "s3://bucket/prefix?endpoint_override=…".
Result<std::unique_ptr<ObjectStore>> open_object_store(const std::string& uri);

}  // namespace slipway
