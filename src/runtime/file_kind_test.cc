#include "runtime/file_kind.h"

#include <gtest/gtest.h>
#include <string>

#include "base/bytes.h"
#include "runtime/onnx_inspect.h"
#include "runtime/testing/onnx_builder.h"

namespace slipway {
namespace {

using namespace std::string_literals;

struct Case {
  const char* name;
  std::string bytes;
  FileKind kind;
};

// Openings written by the named tools (joblib 1.4, pickle of CPython 3.11, torch 2.5, h5py, tar, gzip, …).
std::vector<Case> cases() {
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  return {
      {"empty", "", FileKind::kEmpty},
      {"pickle 0", "ccopy_reg\n_reconstructor\np0\n(cbuiltins\nobject\np1\nNtp2\nRp3\n.", FileKind::kPickle},
      {"pickle 0 of numbers", "(lp0\nI1\naI2\na.", FileKind::kPickle},
      {"pickle 0 with bytes in text", "c_codecs\nencode\np0\n(V\x01\xFFz\np1\nVlatin1\np2\ntp3\nRp4\n.",
       FileKind::kPickle},
      {"pickle 1", "}q\0(X\1\0\0\0aq\1K\1u."s, FileKind::kPickle},
      {"pickle 2", "\x80\x02}q\0."s, FileKind::kPickle},
      {"pickle 3", "\x80\x03}q\0."s, FileKind::kPickle},
      {"pickle 4", "\x80\x04\x95\x0A\0\0\0\0\0\0\0"s, FileKind::kPickle},
      {"pickle 5", "\x80\x05\x95\x0A\0\0\0\0\0\0\0"s, FileKind::kPickle},
      {"torch", "PK\3\4\0\0\0\0archive/data.pkl"s, FileKind::kPyTorchArchive},
      {"keras", "PK\3\4\0\0\0\0metadata.json config.json model.weights.h5"s, FileKind::kKerasArchive},
      {"npz", "PK\3\4\0\0\0\0arr_0.npy"s, FileKind::kNumpyArchive},
      {"zip", "PK\3\4\0\0\0\0readme"s, FileKind::kZip},
      {"empty zip", "PK\5\6\0\0"s, FileKind::kZip},
      {"tar", tar, FileKind::kTar},
      {"gzip", "\x1F\x8B\x08\0"s, FileKind::kCompressed},
      {"zlib (joblib)", "\x78\x9C\x01"s, FileKind::kCompressed},
      {"xz",
       "\xFD"s
       "7zXZ\0"s,
       FileKind::kCompressed},
      {"zstd", "\x28\xB5\x2F\xFD\0"s, FileKind::kCompressed},
      {"hdf5", "\x89HDF\r\n\x1A\n"s, FileKind::kHdf5},
      {"npy", "\x93NUMPY\1\0"s, FileKind::kNumpyArray},
      {"saved model", "\x08\x01\x12\x10\x0A\x07\x22\x05serve\x12\x05"s, FileKind::kSavedModel},
      {"tflite", "\x1C\0\0\0TFL3"s, FileKind::kTfLite},
      {"safetensors", "\x40\0\0\0\0\0\0\0{\"__metadata__\""s, FileKind::kSafetensors},
      {"gguf", "GGUF\3\0\0\0"s, FileKind::kGguf},
      {"elf",
       "\x7F"s
       "ELF\2\1\1"s,
       FileKind::kExecutable},
      {"windows program", "MZ\x90\0"s, FileKind::kExecutable},
      {"script", "#!/bin/sh\n", FileKind::kScript},
      {"git lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:", FileKind::kGitLfsPointer},
      {"html", "\n<!DOCTYPE html><html>", FileKind::kHtml},
      {"pmml", "<?xml version=\"1.0\"?><PMML>", FileKind::kXml},
      {"json", "{\"learner\": {}}", FileKind::kJson},
      {"json array", " [1, 2]", FileKind::kJson},
      {"lightgbm", "tree\nversion=v4\n", FileKind::kLightGbm},
      {"catboost", "CBM1\0"s, FileKind::kCatBoost},
      {"parquet", "PAR1\x15"s, FileKind::kParquet},
      {"text", "hello, this is no model", FileKind::kText},
      {"unknown", "\xDE\xAD\xBE\xEF"s, FileKind::kUnknown},
  };
}

TEST(FileKind, NamesWhatIsNotOnnx) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(identify(as_bytes(one.bytes)), one.kind);
    const auto summary = inspect_onnx(as_bytes(one.bytes));
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, Code::kInvalidArgument);
    EXPECT_EQ(summary.error().reason, "model.not_onnx");
    EXPECT_NE(summary.error().message.find(describe(one.kind)), std::string::npos) << summary.error().message;
  }
}

TEST(FileKind, LeavesOnnxAlone) {
  EXPECT_EQ(identify(as_bytes(testing::add_sub_model({-1, 16}))), FileKind::kUnknown);
  for (std::int64_t version = 3; version <= 14; ++version) {
    testing::ModelParts parts;
    parts.ir_version = version;
    EXPECT_EQ(identify(as_bytes(testing::model_bytes(parts))), FileKind::kUnknown) << version;
  }
}

// A pickle may be made to look like the start of something else, never like a model.
TEST(FileKind, RefusesAModelBehindAPickle) {
  const std::string polyglot = "\x80\x04"s + testing::add_sub_model({-1, 16});
  const auto summary = inspect_onnx(as_bytes(polyglot));
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().reason, "model.not_onnx");
}

}  // namespace
}  // namespace slipway
