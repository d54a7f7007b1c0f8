// Names what a file is by its content, so that a refusal can say "this is a Python pickle" instead of "parse error".
//
// Never trusts a file's name. Looks at the first bytes only; a pure function over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace slipway {

enum class FileKind : std::uint8_t {
  kEmpty,
  kPickle,
  kPyTorchArchive,
  kKerasArchive,
  kNumpyArchive,
  kZip,
  kTar,
  kCompressed,
  kHdf5,
  kNumpyArray,
  kSavedModel,
  kTfLite,
  kSafetensors,
  kGguf,
  kExecutable,
  kScript,
  kGitLfsPointer,
  kHtml,
  kXml,
  kJson,
  kLightGbm,
  kCatBoost,
  kParquet,
  kText,
  kUnknown,  // bytes without a known signature: the only kind that may be ONNX
};

// How many leading bytes identify() makes use of.
inline constexpr std::size_t kFileKindBytes = 64 * 1024;

FileKind identify(std::span<const std::byte> head) noexcept;

// With the article and what to do about it: "a Python pickle, which runs code when it is opened; export the model to
// ONNX".
std::string_view describe(FileKind kind) noexcept;

}  // namespace slipway
