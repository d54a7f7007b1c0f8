#include "runtime/onnx_inspect.h"

#include <algorithm>
#include <array>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "runtime/file_kind.h"
#include "runtime/onnx_walker.h"

namespace slipway {
namespace {

constexpr int kWindowBytes = 64 * 1024;
constexpr std::size_t kPartBytesMax = 255;  // NAME_MAX

tl::unexpected<Error> not_onnx(FileKind kind) {
  return fail(Code::kInvalidArgument, "model.not_onnx",
              "this is not an ONNX model; it is " + std::string(describe(kind)));
}

Status check_size(std::uint64_t bytes, const OnnxLimits& limits) {
  const std::uint64_t max = std::min<std::uint64_t>(limits.file_bytes_max, (std::uint64_t{1} << 31) - 1);
  if (bytes <= max) return {};
  return fail(Code::kInvalidArgument, "model.limit",
              "the model file has " + std::to_string(bytes) + " bytes; at most " + std::to_string(max) +
                  " (file_bytes_max); keep larger weights as external data");
}

Result<OnnxSummary> walk(google::protobuf::io::ZeroCopyInputStream& input, std::uint64_t bytes, FileKind kind,
                         const OnnxLimits& limits) {
  google::protobuf::io::CodedInputStream stream(&input);
  stream.SetTotalBytesLimit(static_cast<int>(bytes));
  stream.PushLimit(static_cast<int>(bytes));
  WireReader reader(stream);
  OnnxWalker walker(reader, limits);
  walker.walk();
  if (!walker.looks_like_onnx()) return not_onnx(kind);
  if (reader.has_failed()) return fail(*reader.error());
  return walker.finish();
}

bool has_signature(FileKind kind) {
  return kind != FileKind::kUnknown && kind != FileKind::kText && kind != FileKind::kPickle;
}

// 0x80 is a pickle's own mark; other pickles are text-like and cannot open with a ModelProto's first tag.
bool may_be_onnx(std::span<const std::byte> head, FileKind kind) {
  return !head.empty() && !has_signature(kind) && head[0] != std::byte{0x80};
}

}  // namespace

Result<OnnxSummary> inspect_onnx(std::span<const std::byte> bytes, const OnnxLimits& limits) {
  SLIPWAY_CHECK(check_size(bytes.size(), limits));
  const FileKind kind = identify(bytes);
  if (!may_be_onnx(bytes, kind)) return not_onnx(kind);
  google::protobuf::io::ArrayInputStream input(bytes.data(), static_cast<int>(bytes.size()));
  return walk(input, bytes.size(), kind, limits);
}

Result<OnnxSummary> inspect_onnx_file(int fd, const OnnxLimits& limits) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Code::kInvalidArgument, "model.not_a_file", "the model is not a regular file");
  }
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  SLIPWAY_CHECK(check_size(bytes, limits));
  std::array<std::byte, kFileKindBytes> head;
  const ssize_t found = ::pread(fd, head.data(), head.size(), 0);
  if (found < 0) return fail(Code::kUnavailable, "model.unreadable", "the model file cannot be read");
  const std::span<const std::byte> start(head.data(), static_cast<std::size_t>(found));
  const FileKind kind = identify(start);
  if (!may_be_onnx(start, kind)) return not_onnx(kind);
  google::protobuf::io::FileInputStream input(fd, kWindowBytes);
  return walk(input, bytes, kind, limits);
}

Status check_external_name(std::string_view name) {
  if (name.find("_ORT_MEM_ADDR_") != std::string_view::npos || name.starts_with("*/")) {
    return fail(Code::kInvalidArgument, "model.memory_address",
                "external data " + quoted(name) + " is a memory address, not a file");
  }
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kInvalidArgument, "model.external_path",
                "external data " + quoted(name) + " " + std::string(why) +
                    "; accepted is the relative name of a file beside the model");
  };
  if (name.empty()) return refuse("has no name");
  if (!is_utf8(name)) return refuse("is not UTF-8");
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    return refuse("has a control character");
  }
  if (name.front() == '/') return refuse("is an absolute path");
  if (name.find('\\') != std::string_view::npos) return refuse("has a backslash");
  if (name.find(':') != std::string_view::npos) return refuse("has a colon (a drive, a scheme or a stream)");
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    if (part.empty()) return refuse("has an empty part");
    if (part == "." || part == "..") return refuse("has a '.' or '..' part");
    if (part.size() > kPartBytesMax) return refuse("has a part of more than 255 bytes");
    at = end + 1;
  }
  return {};
}

}  // namespace slipway
