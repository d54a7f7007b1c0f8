#include "reproduce/run_record.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

namespace slipway::reproduce {
namespace {

RunRecord sample() {
  RunRecord record;
  record.id = "r1";
  record.name = "baseline";
  record.started = "2026-11-24T22:27:32.000001Z";
  record.finished = "2026-11-24T22:27:33.000001Z";
  record.command = {{"python", "train.py", "--name=\"x\"\n"}, "sub", 0, Program::kInterpreter};
  record.repository = {std::string(40, 'a'), "/home/ada/iris", "https://example.com/iris.git"};
  record.python = Python{"cpython", "3.11.7", {{"numpy", "2.1.0", sha256("n"), "", ""}, {"own", "0.1", {}, "", "."}}};
  record.variables = {{"OMP_NUM_THREADS", "1"}};
  record.secrets = {"API_KEY"};
  record.seeds = {{"PYTHONHASHSEED", "0"}};
  record.machine = {"x86_64", "Some CPU", {"avx2", "fma"}, 2, {}, "Linux 6.1", "glibc 2.36", 1 << 30, "Debian"};
  record.inputs = {{"data.csv", 10, sha256("d"), 3, false}, {"/mnt/x.bin", 4, sha256("x"), {}, true}};
  record.declared_outputs = {"out"};
  record.outputs = {{"out/m.json", 5, sha256("m"), {}, true}};
  record.metrics = {{"loss", 0.1}, {"nan", std::numeric_limits<double>::infinity()}};
  record.tolerance.standard.relative = 1e-6;
  record.out = {sha256("o"), 1, "o\n"};
  record.err = {sha256(""), 0, ""};
  record.gaps = {"something"};
  record.files = {{"data/" + sha256("x").hex(), 4, sha256("x")}, {"data/" + sha256("m").hex(), 5, sha256("m")}};
  std::sort(record.files.begin(), record.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return record;
}

TEST(RunRecord, IsReadBackAsItIsWritten) {
  const std::string text = canonical_json(sample());
  const auto read = parse_run_record(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, sample());
}

TEST(RunRecord, MembersAreSortedAndEmptyOnesAreAbsent) {
  RunRecord record = sample();
  record.python.reset();
  record.gaps.clear();
  const std::string text = canonical_json(record);
  EXPECT_TRUE(text.starts_with(
      R"({"command":{"arguments":["python","train.py","--name=\"x\"\n"],"directory":"sub","exit_code":0,)"
      R"("program":"interpreter"},"declared_outputs":["out"],"err":{"sha256":)"))
      << text;
  EXPECT_EQ(text.find("\"python\":"), std::string::npos);
  EXPECT_EQ(text.find("\"gaps\""), std::string::npos);
}

TEST(RunRecord, RefusesOtherBytes) {
  std::string text = canonical_json(sample());
  const auto reason = [](const std::string& changed) {
    const auto read = parse_run_record(changed);
    return read ? "accepted" : read.error().reason;
  };
  EXPECT_EQ(reason(text + ' '), "reproduce.not_canonical");
  EXPECT_EQ(reason(text.substr(0, text.size() - 1)), "reproduce.invalid");
  EXPECT_EQ(reason(text.insert(text.size() - 1, R"(,"x":1)")), "reproduce.invalid");
}

TEST(RunRecord, RefusesWhatWouldLeaveTheDirectory) {
  const auto reason = [](auto change) {
    RunRecord record = sample();
    change(record);
    const auto read = parse_run_record(canonical_json(record));
    return read ? "accepted" : read.error().reason;
  };
  EXPECT_EQ(reason([](RunRecord& r) { r.outputs[0].path = "../x"; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.outputs[0].path = "/x"; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.inputs[0].path = "/mnt/../etc/x"; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.declared_outputs[0] = ".."; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.files[0].path = "../x"; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.command.directory = "a/../.."; }), "manifest.invalid_path");
  EXPECT_EQ(reason([](RunRecord& r) { r.python->packages[1].project = "../x"; }), "manifest.invalid_path");
}

TEST(RunRecord, RefusesWhatOtherProgramsWouldMisread) {
  const auto reason = [](auto change) {
    RunRecord record = sample();
    change(record);
    const auto read = parse_run_record(canonical_json(record));
    return read ? "accepted" : read.error().reason;
  };
  EXPECT_EQ(reason([](RunRecord&) {}), "accepted");
  EXPECT_EQ(reason([](RunRecord& r) { r.repository.commit = "--upload-pack=x"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.repository.commit = std::string(40, 'A'); }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.repository.remote = "--upload-pack=x"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.repository.path = "-x"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.python->packages[0].name = "-r"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.python->packages[0].version = "1 --pre"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.python->packages[0].file = r.files[0].path; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.variables["LD_PRELOAD"] = "x"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.seeds["PATH"] = "x"; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.command.arguments.clear(); }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.command.arguments[1] = std::string("a\0b", 3); }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.files.clear(); }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.inputs[0].path = r.outputs[0].path; }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.files.push_back({"a", 0, sha256("")}); }), "reproduce.invalid");
  EXPECT_EQ(reason([](RunRecord& r) { r.files.push_back({"run.json", 0, sha256("")}); }), "reproduce.invalid");
}

RC_GTEST_PROP(RunRecord, DecodeInvertsEncode,
              (const std::vector<std::uint8_t>& bytes, const std::map<std::uint8_t, double>& numbers,
               std::uint32_t size)) {
  RunRecord record = sample();
  std::string text;
  for (const std::uint8_t byte : bytes) text += static_cast<char>(byte & 0x7F);
  record.name = text;
  record.gaps = {text, text};
  record.out.tail = text;
  record.inputs[0].size_bytes = size;
  for (const auto& [name, number] : numbers) record.metrics[std::to_string(name)] = number;
  record.tolerance.standard.absolute = size;
  const auto read = parse_run_record(canonical_json(record));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == record);
}

}  // namespace
}  // namespace slipway::reproduce
