// Finds the files that a push sends and describes them as a manifest.
//
// A source is one model file, or a directory. A model is ONNX, or remote.yaml: the description of one that another
// server answers for. Links, devices, sockets and pipes are refused; hidden files are left out
// and named. Files that have a role stand in the bundle under fixed names: contract.yaml, profile.json, card.md,
// tests.json.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/manifest.h"

namespace slipway::cli {

struct BundleOptions {
  std::string source;    // a file or a directory
  std::string contract;  // paths on this machine; "": none, or the one in the directory
  std::string profile;
  std::string card;
  std::string tests;
  std::vector<std::string> extra_files;         // stand in the bundle under their own names
  std::map<std::string, std::string> metadata;  // copied into the manifest
};

struct SourceFile {
  std::string disk_path;
  std::string bundle_path;
  std::uint64_t size_bytes = 0;
};

struct BundleSource {
  std::vector<SourceFile> files;
  Manifest draft;  // everything but the files
  std::vector<std::string> left_out;
};

// invalid_argument "bundle.not_a_file" (link, device, …), "bundle.no_model", "bundle.many_models", "bundle.two_files";
// not_found "bundle.not_found".
Result<BundleSource> collect_bundle(const BundleOptions& options);

// Reads and hashes each file. `progress` is told the bytes read so far of all files; false from it ends the reading
// with cancelled "cli.interrupted". failed_precondition "bundle.changed" when a file changed its size since it was
// collected.
using HashProgress = std::function<bool(std::uint64_t done_bytes, std::uint64_t total_bytes)>;
Result<Manifest> hash_bundle(const BundleSource& source, const HashProgress& progress);

}  // namespace slipway::cli
