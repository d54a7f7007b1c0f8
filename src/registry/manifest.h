// The manifest of a bundle: which files a version is made of. The SHA-256 of its canonical bytes is the bundle's
// digest, which approvals, deployments and records name.
//
// Canonical form, RFC 8785 (JSON Canonicalization Scheme) restricted to what a manifest needs:
//   {"card":"card.md","contract":"contract.yaml","files":[{"path":"model.onnx","sha256":"9f…","size":1234}],"format":1,
//    "metadata":{"framework":"scikit-learn"},"model":"model.onnx","profile":"profile.json","runtime":"onnx",
//    "tests":"tests.json"}
// - one object, no white space (the line breaks above are for reading), keys sorted by byte value;
// - "files" sorted by the bytes of "path", at least one; "sha256" as 64 lower-case hexadecimal digits;
// - "format" is 1, "runtime" is "onnx" or "remote" ("model" then describes where it is); "card", "contract", "profile",
// "tests" are absent or name a file of the bundle;
//   "metadata" is absent when empty;
// - numbers are integers of 0 to 2^53 - 1 in decimal digits without sign, fraction, exponent or leading zero;
// - texts are UTF-8; only ", \ and characters below U+0020 are escaped: \" \\ \b \t \n \f \r, else \u00xx in lower
// case. A document that says the same in other bytes is refused, so that one bundle has one digest.
//
// A path is relative, with "/" between segments: no empty segment, "." or "..", no backslash, no control character,
// valid UTF-8 compared byte by byte (no normalisation), up to 1,024 bytes, 32 segments of up to 255 bytes. Two paths
// that differ only by the case of ASCII letters are refused, and so is a path that is also the folder of another:
// either would lose a file on some file system.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace slipway {

constexpr std::string_view kOnnxRuntime = "onnx";
constexpr std::string_view kRemoteRuntime = "remote";  // the model answers on another server

struct ManifestFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  Digest sha256;
  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  std::vector<ManifestFile> files;
  std::string model;  // path of the model file
  std::string runtime = std::string(kOnnxRuntime);
  std::optional<std::string> contract;  // paths
  std::optional<std::string> profile;
  std::optional<std::string> card;
  std::optional<std::string> tests;
  std::map<std::string, std::string> metadata;  // keys of [A-Za-z0-9._-]{1,128}, values of up to 16 KiB
  bool operator==(const Manifest&) const = default;

  const ManifestFile* find(std::string_view path) const noexcept;  // files are sorted; O(log n)
  std::uint64_t size_bytes() const noexcept;                       // of all files
};

constexpr std::size_t kManifestFilesMax = 10'000;
constexpr std::size_t kManifestBytesMax = 16u << 20;

// invalid_argument "manifest.invalid_path".
Status check_bundle_path(std::string_view path);

// Sorts the files and checks every rule. invalid_argument "manifest.invalid", "manifest.invalid_path".
Result<Manifest> make_manifest(Manifest draft);

// Accepts canonical bytes only. invalid_argument "manifest.invalid", "manifest.invalid_path", "manifest.not_canonical".
Result<Manifest> parse_manifest(std::string_view json);

// Precondition: the manifest comes from make_manifest or parse_manifest.
std::string canonical_json(const Manifest& manifest);
Digest bundle_digest(const Manifest& manifest);

}  // namespace slipway
