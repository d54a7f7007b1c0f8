#include "runtime/file_kind.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "runtime/pickle_scan.h"

namespace slipway {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  FileKind kind;
};

constexpr std::array kSignatures = {
    Signature{0, "\x1F\x8B"sv, FileKind::kCompressed},
    Signature{0, "BZh"sv, FileKind::kCompressed},
    Signature{0,
              "\xFD"
              "7zXZ\0"sv,
              FileKind::kCompressed},
    Signature{0, "\x28\xB5\x2F\xFD"sv, FileKind::kCompressed},
    Signature{0, "\x04\x22\x4D\x18"sv, FileKind::kCompressed},
    Signature{0, "7z\xBC\xAF\x27\x1C"sv, FileKind::kCompressed},
    Signature{0, "\x78\x01"sv, FileKind::kCompressed},
    Signature{0, "\x78\x9C"sv, FileKind::kCompressed},
    Signature{0, "\x78\xDA"sv, FileKind::kCompressed},
    Signature{0, "\x89HDF\r\n\x1A\n"sv, FileKind::kHdf5},
    Signature{0, "\x93NUMPY"sv, FileKind::kNumpyArray},
    Signature{4, "TFL3"sv, FileKind::kTfLite},
    Signature{0, "GGUF"sv, FileKind::kGguf},
    Signature{0,
              "\x7F"
              "ELF"sv,
              FileKind::kExecutable},
    Signature{0, "MZ"sv, FileKind::kExecutable},
    Signature{0, "\xCF\xFA\xED\xFE"sv, FileKind::kExecutable},
    Signature{0, "#!"sv, FileKind::kScript},
    Signature{0, "version https://git-lfs"sv, FileKind::kGitLfsPointer},
    Signature{0, "tree\nversion="sv, FileKind::kLightGbm},
    Signature{0, "CBM1"sv, FileKind::kCatBoost},
    Signature{0, "PAR1"sv, FileKind::kParquet},
    Signature{257, "ustar"sv, FileKind::kTar},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

FileKind identify_zip(std::string_view text) {
  if (contains(text, "data.pkl") || contains(text, "constants.pkl")) return FileKind::kPyTorchArchive;
  if (contains(text, "model.weights.h5") || contains(text, "config.json")) return FileKind::kKerasArchive;
  if (contains(text, ".npy")) return FileKind::kNumpyArchive;
  return FileKind::kZip;
}

// safetensors: a 64-bit little-endian header length, then a JSON object.
bool is_safetensors(std::string_view text) {
  if (text.size() < 10 || text[8] != '{' || (text[9] != '"' && text[9] != '}' && text[9] != ' ')) return false;
  return text[4] == 0 && text[5] == 0 && text[6] == 0 && text[7] == 0;
}

// SavedModel: saved_model_schema_version (field 1, varint 1), then meta_graphs (field 2), which opens with its
// meta_info_def (field 1). An ONNX file with ir_version 1 would have text there.
bool is_saved_model(std::string_view text) {
  if (!text.starts_with("\x08\x01\x12"sv)) return false;
  std::size_t at = 3;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0x80U) != 0) ++at;
  return at + 1 < text.size() && text[at + 1] == '\x0A' && contains(text, "serve");
}

bool is_text(std::string_view text) {
  std::string_view head = text.substr(0, 512);
  // The cut may have split a character.
  for (int i = 0; i < 3 && !is_utf8(head); ++i) head.remove_suffix(text.size() > head.size() ? 1 : 0);
  return is_utf8(head) && std::ranges::all_of(head, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
         });
}

FileKind identify_text(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (start == std::string_view::npos) return FileKind::kText;
  const std::string_view body = text.substr(start);
  if (body.starts_with("<!DOCTYPE html") || body.starts_with("<!doctype html") || body.starts_with("<html")) {
    return FileKind::kHtml;
  }
  if (body.starts_with("<?xml") || body.starts_with("<PMML")) return FileKind::kXml;
  if (body.front() == '{' || body.front() == '[') return FileKind::kJson;
  return FileKind::kText;
}

}  // namespace

FileKind identify(std::span<const std::byte> head) noexcept {
  const std::string_view text = as_text(head.first(std::min(head.size(), kFileKindBytes)));
  if (text.empty()) return FileKind::kEmpty;
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) return identify_zip(text);
  for (const Signature& signature : kSignatures) {
    if (text.size() >= signature.offset && text.substr(signature.offset).starts_with(signature.bytes)) {
      return signature.kind;
    }
  }
  if (is_safetensors(text)) return FileKind::kSafetensors;
  if (is_saved_model(text)) return FileKind::kSavedModel;
  if (is_pickle(text)) return FileKind::kPickle;
  return is_text(text) ? identify_text(text) : FileKind::kUnknown;
}

std::string_view describe(FileKind kind) noexcept {
  switch (kind) {
    case FileKind::kEmpty:
      return "an empty file";
    case FileKind::kPickle:
      return "a Python pickle (joblib, PyTorch or scikit-learn), which runs code when it is opened; export the model "
             "to "
             "ONNX, for example with skl2onnx or torch.onnx.export";
    case FileKind::kPyTorchArchive:
      return "a PyTorch archive (a ZIP with a Python pickle inside); export it with torch.onnx.export";
    case FileKind::kKerasArchive:
      return "a Keras archive; export it with tf2onnx or model.export(format=\"onnx\")";
    case FileKind::kNumpyArchive:
      return "a NumPy .npz archive: arrays, not a model";
    case FileKind::kZip:
      return "a ZIP archive; push the ONNX file itself, or a directory with its files";
    case FileKind::kTar:
      return "a tar archive; push the ONNX file itself, or a directory with its files";
    case FileKind::kCompressed:
      return "a compressed file; decompress it first";
    case FileKind::kHdf5:
      return "an HDF5 file (Keras weights); export the model with tf2onnx";
    case FileKind::kNumpyArray:
      return "a NumPy array, not a model";
    case FileKind::kSavedModel:
      return "a TensorFlow SavedModel; convert it with tf2onnx";
    case FileKind::kTfLite:
      return "a TensorFlow Lite model; convert it with tf2onnx";
    case FileKind::kSafetensors:
      return "a safetensors file: weights without a graph; export the model to ONNX";
    case FileKind::kGguf:
      return "a GGUF model, which ONNX Runtime does not run";
    case FileKind::kExecutable:
      return "an executable program or library";
    case FileKind::kScript:
      return "a script";
    case FileKind::kGitLfsPointer:
      return "a Git LFS pointer, not the model itself; run `git lfs pull` first";
    case FileKind::kHtml:
      return "an HTML page, probably an error page that was downloaded in place of the model";
    case FileKind::kXml:
      return "an XML file (PMML?); export the model to ONNX";
    case FileKind::kJson:
      return "a JSON file; export the model to ONNX";
    case FileKind::kLightGbm:
      return "a LightGBM text model; convert it with onnxmltools";
    case FileKind::kCatBoost:
      return "a CatBoost model; save it with format=\"onnx\"";
    case FileKind::kParquet:
      return "a Parquet file: data, not a model";
    case FileKind::kText:
      return "a text file";
    case FileKind::kUnknown:
      return "a file of no known kind";
  }
  return "a file of no known kind";
}

}  // namespace slipway
