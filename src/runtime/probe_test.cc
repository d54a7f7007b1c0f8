#include "runtime/probe.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/testing/onnx_builder.h"

namespace slipway {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class Probe : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-probe-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  static Result<ProbeReport> probe(const std::string& path, const ProbeSettings& settings = {}) {
    return probe_in_child(SLIPWAY_PROBE_EXECUTABLE, path, settings);
  }
  static std::string reason(const Result<ProbeReport>& result) { return result ? "" : result.error().reason; }

  std::filesystem::path directory_;
};

std::string external_model(const std::string& location) {
  return model_bytes({.graph = {{node("Add", {"x", "w"}, {"y"})},
                                {value_info("x", tensor_type(kFloat, {-1, 2}))},
                                {value_info("y", tensor_type(kFloat, {-1, 2}))},
                                {external_tensor("w", kFloat, {2}, location, "0", "8")}}});
}

TEST_F(Probe, ReportsASoundModel) {
  const auto report = probe(write("model.onnx", add_sub_model({-1, 16})));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->signature.inputs.size(), 2U);
  EXPECT_EQ(report->signature.inputs[0].spec, (TensorSpec{"INPUT0", DataType::kInt32, {-1, 16}}));
  EXPECT_EQ(report->signature.outputs[1].spec, (TensorSpec{"OUTPUT1", DataType::kInt32, {-1, 16}}));
  EXPECT_TRUE(report->signature.is_batchable);
  EXPECT_EQ(report->run_failure, "");
  EXPECT_GT(report->run_us, 0);
  EXPECT_GT(report->load_ms, 0);
  EXPECT_GT(report->memory_peak_bytes, 0U);
  EXPECT_EQ(report->summary.nodes, 2U);
  EXPECT_EQ(report->summary.operators.at("Add"), 1U);
  EXPECT_EQ(report->summary.opsets.at("ai.onnx"), 17);
  EXPECT_TRUE(report->has_seccomp);
}

TEST_F(Probe, FindsTheModelInADirectory) {
  write("only.onnx", add_sub_model({-1, 16}));
  write("readme.txt", "text");
  EXPECT_TRUE(probe(directory_.string()));
  write("second.onnx", add_sub_model({-1, 16}));
  EXPECT_EQ(reason(probe(directory_.string())), "model.not_found");
  write("model.onnx", add_sub_model({-1, 8}));
  const auto report = probe(directory_.string());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->signature.inputs[0].spec.shape[1], 8);
}

TEST_F(Probe, PassesOnWhatTheInspectionRefuses) {
  const auto refused = probe(write("model.onnx", "\x80\x04\x95 pickle"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().reason, "model.not_onnx");
  EXPECT_THAT(refused.error().message, HasSubstr("Python pickle"));
  EXPECT_EQ(reason(probe((directory_ / "absent.onnx").string())), "model.not_found");
}

TEST_F(Probe, ReadsExternalDataBesideTheModel) {
  const std::string model = write("model.onnx", external_model("data/w.bin"));
  EXPECT_EQ(reason(probe(model)), "model.external_missing");
  write("data/w.bin", raw_bytes<float>({1}));
  EXPECT_EQ(reason(probe(model)), "model.external_missing");
  write("data/w.bin", raw_bytes<float>({1, 2}));
  const auto report = probe(model);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->summary.external_files.at(0).name, "data/w.bin");
}

TEST_F(Probe, RefusesExternalDataBehindALink) {
  const std::string outside = write("outside.bin", raw_bytes<float>({1, 2}));
  const std::string model = write("bundle/model.onnx", external_model("w.bin"));
  const std::string weights = (directory_ / "bundle/w.bin").string();
  ASSERT_EQ(::symlink(outside.c_str(), weights.c_str()), 0);
  EXPECT_EQ(reason(probe(model)), "model.external_path");
  ASSERT_EQ(::unlink(weights.c_str()), 0);
  ASSERT_EQ(::link(outside.c_str(), weights.c_str()), 0);
  EXPECT_EQ(reason(probe(model)), "model.external_path");
  ASSERT_EQ(::unlink(weights.c_str()), 0);
  ASSERT_EQ(::mkfifo(weights.c_str(), 0600), 0);
  EXPECT_EQ(reason(probe(model)), "model.external_path");

  const std::string nested = write("bundle2/model.onnx", external_model("data/w.bin"));
  write("elsewhere/w.bin", raw_bytes<float>({1, 2}));
  ASSERT_EQ(::symlink((directory_ / "elsewhere").c_str(), (directory_ / "bundle2/data").c_str()), 0);
  EXPECT_EQ(reason(probe(nested)), "model.external_path");
}

TEST_F(Probe, StopsAModelThatNeverEnds) {
  const std::string model = write("model.onnx", endless_model());
  ProbeSettings settings;
  settings.time_limit_ms = 500;
  const auto start = std::chrono::steady_clock::now();
  const auto refused = probe(model, settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "model.probe_timeout");
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("500 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(Probe, RefusesAModelThatEatsMemory) {
  if (kHasSanitizer) GTEST_SKIP() << "needs the system's allocator";
  EXPECT_EQ(reason(probe(write("model.onnx", hungry_model(std::int64_t{1} << 40)))), "model.probe_memory");
  ProbeSettings settings;
  settings.memory_bytes_max = std::uint64_t{512} << 20;
  const std::string model = write("model.onnx", hungry_model(std::int64_t{1} << 27));  // 512 MiB
  const auto refused = probe(model, settings);
  EXPECT_EQ(reason(refused), "model.probe_memory");
  EXPECT_THAT(refused.error().message, HasSubstr("512 MiB"));
  settings.memory_bytes_max = std::uint64_t{4} << 30;
  const auto passed = probe(model, settings);
  ASSERT_TRUE(passed) << passed.error().message;
  EXPECT_GT(passed->memory_peak_bytes, std::uint64_t{512} << 20);
}

TEST_F(Probe, SurvivesACrash) {
  const auto crashed = probe(write("crash.onnx", add_sub_model({-1, 16})));
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().reason, "model.probe_crashed");
  EXPECT_THAT(crashed.error().message, HasSubstr("Segmentation fault"));
  EXPECT_EQ(reason(probe(write("killed.onnx", ""))), "model.probe_memory");
  EXPECT_TRUE(probe(write("model.onnx", add_sub_model({-1, 16}))));
}

TEST_F(Probe, RunsATestSuiteInTheSameSandbox) {
  const std::string model = write("model.onnx", add_sub_model({-1, 16}));
  const auto with_suite = [&](const std::string& word) {
    ProbeSettings settings;
    settings.suite = write("tests.txt", word);
    return probe(model, settings);
  };
  const auto passed = with_suite("plain");
  ASSERT_TRUE(passed) << passed.error().message;
  ASSERT_TRUE(passed->suite);
  EXPECT_TRUE(passed->suite->is_passed);
  EXPECT_EQ(passed->suite->report, R"({"passed":true,"word":"plain","inputs":2,"value":0.93})");
  const auto opened = with_suite("open");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_FALSE(opened->suite->is_passed) << "a suite runs when nothing can be opened any more";
  EXPECT_EQ(reason(with_suite("crash")), "model.probe_crashed");
  EXPECT_EQ(reason(with_suite("")), "suite.empty");
  EXPECT_FALSE(probe(model)->suite);
}

TEST_F(Probe, StopsAModelThatReachesForTheNetwork) {
  const auto stopped = probe(write("forbidden.onnx", ""));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().reason, "model.probe_crashed");
  EXPECT_THAT(stopped.error().message, HasSubstr("network"));
}

TEST_F(Probe, StopsAModelThatTalksWithoutEnd) {
  ProbeSettings settings;
  settings.output_bytes_max = 1 << 20;
  EXPECT_EQ(reason(probe(write("noisy.onnx", ""), settings)), "model.probe_output");
}

TEST_F(Probe, SaysWhenGeneratedInputsDoNotFit) {
  // Reshape to [3, 5] accepts only 15 elements, which no signature tells.
  const std::string bytes = model_bytes({.graph = {{node("Reshape", {"x", "shape"}, {"y"})},
                                                   {value_info("x", tensor_type(kFloat, {-1}))},
                                                   {value_info("y", tensor_type(kFloat, {3, 5}))},
                                                   {raw_tensor("shape", kI64, {2}, raw_bytes<std::int64_t>({3, 5}))}}});
  const auto report = probe(write("model.onnx", bytes));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(report->run_failure, HasSubstr("the model"));
  EXPECT_FALSE(report->signature.is_batchable);
  EXPECT_EQ(report->run_us, 0);
}

TEST_F(Probe, SaysWhenTheProgramIsMissing) {
  EXPECT_EQ(reason(probe_in_child("/nonexistent/slipway", "model.onnx")), "probe.start");
  EXPECT_EQ(reason(probe_in_child("/bin/true", "model.onnx")), "model.probe_crashed");
  EXPECT_EQ(reason(probe_in_child("/bin/echo", "model.onnx")), "probe.bad_report");
}

// The samples that the whole project shares; tests/models makes them.
struct Sample {
  const char* name;
  const char* reason;  // "" for a sound model
};

class SharedSamples : public ::testing::TestWithParam<Sample> {};

TEST_P(SharedSamples, AreJudged) {
  const char* directory = std::getenv("SLIPWAY_TEST_MODELS");
  if (directory == nullptr) {
    if (std::getenv("CI") != nullptr) FAIL() << "SLIPWAY_TEST_MODELS is not set";
    GTEST_SKIP() << "SLIPWAY_TEST_MODELS is not set";
  }
  if (kHasSanitizer && std::string_view(GetParam().reason) == "model.probe_memory")
    GTEST_SKIP() << "needs the system's allocator";
  ProbeSettings settings;
  settings.time_limit_ms = std::string_view(GetParam().reason) == "model.probe_timeout" ? 2'000 : 60'000;
  const auto report =
      probe_in_child(SLIPWAY_PROBE_EXECUTABLE, std::string(directory) + "/" + GetParam().name, settings);
  EXPECT_EQ(report ? "" : report.error().reason, GetParam().reason) << (report ? "" : report.error().message);
  if (report) {
    EXPECT_EQ(report->run_failure, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Probe, SharedSamples,
    ::testing::Values(
        Sample{"simple.onnx", ""}, Sample{"iris.onnx", ""}, Sample{"iris_words.onnx", ""},
        Sample{"iris_zipmap.onnx", ""}, Sample{"identity_bf16.onnx", ""}, Sample{"identity_string.onnx", ""},
        Sample{"external", ""}, Sample{"archive.onnx", "model.not_onnx"}, Sample{"empty.onnx", "model.not_onnx"},
        Sample{"noise.onnx", "model.not_onnx"}, Sample{"pickle.onnx", "model.not_onnx"},
        Sample{"deep.onnx", "model.limit"}, Sample{"function_bomb.onnx", "model.limit"},
        Sample{"function_chain.onnx", "model.limit"}, Sample{"huge_dimension.onnx", "model.limit"},
        Sample{"huge_initializer.onnx", "model.limit"}, Sample{"truncated.onnx", "model.malformed"},
        Sample{"external_absolute.onnx", "model.external_path"},
        Sample{"external_traversal.onnx", "model.external_path"}, Sample{"external_link", "model.external_path"},
        Sample{"unknown_operator.onnx", "model.load_failed"}, Sample{"huge_allocation.onnx", "model.probe_memory"},
        Sample{"loop_forever.onnx", "model.probe_timeout"}));

TEST(ProbeArguments, ReadWhatTheyWrite) {
  ProbeArguments arguments;
  arguments.path = "-strange";
  arguments.is_json = true;
  arguments.is_in_process = true;
  arguments.settings.time_limit_ms = 7;
  arguments.settings.memory_bytes_max = 8;
  arguments.settings.allow_without_seccomp = true;
  arguments.settings.runtime_library = "/lib/x.so";
  arguments.settings.suite = "/bundle/tests/suite.json";
  const auto read = parse_probe_arguments(to_arguments(arguments));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->path, "./-strange");
  EXPECT_TRUE(read->is_json);
  EXPECT_TRUE(read->is_in_process);
  EXPECT_EQ(read->settings.time_limit_ms, 7U);
  EXPECT_EQ(read->settings.memory_bytes_max, 8U);
  EXPECT_TRUE(read->settings.allow_without_seccomp);
  EXPECT_EQ(read->settings.runtime_library, "/lib/x.so");
  EXPECT_EQ(read->settings.suite, "/bundle/tests/suite.json");
  EXPECT_EQ(read->settings.suite_directory, "/bundle/tests/") << "the suite's own, where none is given";
  EXPECT_FALSE(parse_probe_arguments({}));
  EXPECT_FALSE(parse_probe_arguments({"--unknown", "x"}));
  EXPECT_FALSE(parse_probe_arguments({"--time-limit-ms", "soon", "x"}));
}

TEST(ProbeReport, ReadsWhatItWrites) {
  ProbeReport report;
  report.summary.ir_version = 8;
  report.summary.producer = "tests";
  report.summary.opsets = {{"ai.onnx", 17}};
  report.summary.operators = {{"Add", 2}};
  report.summary.external_files = {{"w.bin", 8, 1}};
  report.summary.custom_domains = {"com.example"};
  report.signature.inputs = {{{"x", DataType::kBytes, {-1}}, true, true}};
  report.signature.outputs = {{{"y", DataType::kBf16, {}}, false, true}};
  report.signature.is_batchable = true;
  report.run_us = 1.5;
  report.run_failure = "no";
  const auto read = parse_probe_report(to_json(report));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(report));
  report.suite = SuiteOutcome{true, R"({"passed":true,"checks":[{"name":"é","value":0.93}]})"};
  EXPECT_EQ(to_json(parse_probe_report(to_json(report)).value()), to_json(report));
  report.suite = SuiteOutcome{true, R"({"checks":[]})"};
  EXPECT_FALSE(parse_probe_report(to_json(report))) << "a suite that does not say whether it passed";
  EXPECT_FALSE(parse_probe_report("{}"));
  EXPECT_FALSE(parse_probe_report(std::string(100'000, '[')));
  const auto error = parse_probe_report(to_json(Error{Code::kNotFound, "a.b", "c \"d\"", {}}));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, Code::kNotFound);
  EXPECT_EQ(error.error().message, "c \"d\"");
}

}  // namespace
}  // namespace slipway
