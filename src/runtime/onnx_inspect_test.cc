#include "runtime/onnx_inspect.h"

#include <cstdio>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "base/bytes.h"
#include "runtime/testing/onnx_builder.h"

namespace slipway {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<OnnxSummary> inspect(const std::string& bytes, const OnnxLimits& limits = {}) {
  return inspect_onnx(as_bytes(bytes), limits);
}

std::string reason(const Result<OnnxSummary>& result) { return result ? "accepted" : result.error().reason; }

// y = x + w with the initializer `w` as given.
std::string with_initializer(const Proto& w) {
  return model_bytes({.graph = {{node("Add", {"x", "w"}, {"y"})},
                                {value_info("x", tensor_type(kFloat, {2}))},
                                {value_info("y", tensor_type(kFloat, {2}))},
                                {w}}});
}

TEST(OnnxInspect, ReadsWhatTheFileDeclares) {
  ModelParts parts;
  parts.graph = {{node("Gemm", {"x", "w"}, {"h"}), node("ZipMap", {"h"}, {"p"}, {}, "ai.onnx.ml"),
                  node("Magic", {"x"}, {"l"}, {}, "com.example")},
                 {value_info("x", tensor_type(kFloat, {-1, -2, 3})), value_info("w", tensor_type(kFloat, {2, 3}))},
                 {value_info("p", sequence_type(map_type(kI64, tensor_type(kFloat, {})))),
                  value_info("l", unranked_type(kString))},
                 {raw_tensor("w", kFloat, {2, 3}, std::string(24, '\0'))}};
  parts.opsets = {{"", 17}, {"ai.onnx.ml", 3}, {"com.example", 1}};
  const auto summary = inspect(model_bytes(parts));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->ir_version, 8);
  EXPECT_EQ(summary->producer, "tests 1");
  EXPECT_EQ(summary->opsets.at("ai.onnx"), 17);
  ASSERT_EQ(summary->inputs.size(), 1U);  // w is filled by an initializer
  EXPECT_EQ(summary->inputs[0].type_text, "tensor(float)");
  EXPECT_EQ(summary->inputs[0].data_type, DataType::kFp32);
  EXPECT_THAT(summary->inputs[0].shape, ElementsAre(-1, -1, 3));
  EXPECT_EQ(summary->outputs[0].kind, OnnxValueKind::kSequence);
  EXPECT_EQ(summary->outputs[0].type_text, "seq(map(int64,tensor(float)))");
  EXPECT_FALSE(summary->outputs[1].has_rank);
  EXPECT_EQ(summary->nodes, 3U);
  EXPECT_EQ(summary->operators.at("ai.onnx.ml:ZipMap"), 1U);
  EXPECT_EQ(summary->parameters, 6U);
  EXPECT_THAT(summary->custom_domains, ElementsAre("com.example"));
}

TEST(OnnxInspect, ReadsAFileAsItReadsMemory) {
  std::FILE* file = std::tmpfile();
  const std::string bytes = add_sub_model({-1, 16});
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fflush(file);
  ::lseek(::fileno(file), 0, SEEK_SET);
  const auto summary = inspect_onnx_file(::fileno(file));
  std::fclose(file);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->nodes, 2U);
}

TEST(OnnxInspect, CountsGraphsWithinGraphs) {
  const auto summary = inspect(endless_model());
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->graph_depth, 1U);
  EXPECT_EQ(summary->nodes, 3U);
}

TEST(OnnxInspect, RefusesEveryTruncation) {
  const std::string bytes = with_initializer(raw_tensor("w", kFloat, {2}, std::string(8, '\0')));
  ASSERT_TRUE(inspect(bytes));
  // The parts behind the graph are optional to a parser; everything up to its end is not.
  const std::size_t graph_end = bytes.size() - Proto().message(8, Proto().text(1, "").number(2, 17)).bytes().size() -
                                Proto().message(8, Proto().text(1, "ai.onnx.ml").number(2, 3)).bytes().size();
  for (std::size_t size = 0; size < graph_end; ++size) {
    EXPECT_FALSE(inspect(bytes.substr(0, size))) << size;
  }
}

TEST(OnnxInspect, SaysThatADamagedModelIsDamaged) {
  std::string bytes = add_sub_model({-1, 16});
  bytes.resize(bytes.size() / 2);
  const auto summary = inspect(bytes);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().reason, "model.malformed");
  EXPECT_THAT(summary.error().message, HasSubstr("at byte"));
}

RC_GTEST_PROP(OnnxInspect, NeverCrashesOnChangedBytes, (std::vector<std::pair<std::uint16_t, std::uint8_t>> changes)) {
  std::string bytes = endless_model() + zipmap_model(true);
  for (const auto& [at, value] : changes) bytes[at % bytes.size()] = static_cast<char>(value);
  const auto summary = inspect(bytes);
  RC_ASSERT(summary || !summary.error().reason.empty());
}

TEST(OnnxInspect, RefusesWhatIsOverALimit) {
  struct Case {
    const char* name;
    std::string bytes;
    OnnxLimits limits;
    const char* says;
  };
  const std::string plain = add_sub_model({-1, 16});
  const auto with = [](auto change) {
    OnnxLimits limits;
    change(limits);
    return limits;
  };
  Graph nested = {{node("Identity", {"x"}, {"y"})}, {}, {}, {}};
  for (int depth = 0; depth < 20; ++depth) {
    nested = {{node("If", {"c"}, {"y"}, {graph_attribute("then_branch", nested.proto())})},
              {},
              {value_info("y", tensor_type(kFloat, {1}))},
              {}};
  }
  Proto type = tensor_type(kFloat, {1});
  for (int depth = 0; depth < 10; ++depth) type = sequence_type(type);
  const std::string deep_type =
      model_bytes({.graph = {{node("Identity", {"x"}, {"y"})}, {value_info("x", type)}, {value_info("y", type)}, {}}});
  std::vector<Proto> attributes(300, int_attribute("a", 1));
  const std::string many_attributes = model_bytes(
      {.graph = {{node("Add", {"x"}, {"y"}, attributes)}, {}, {value_info("y", tensor_type(kFloat, {1}))}, {}}});
  const std::vector<Case> table = {
      {"file", plain, with([](OnnxLimits& l) { l.file_bytes_max = 10; }), "file_bytes_max"},
      {"nodes", plain, with([](OnnxLimits& l) { l.nodes_max = 1; }), "nodes_max"},
      {"operators", plain, with([](OnnxLimits& l) { l.operators_max = 1; }), "operators_max"},
      {"values", plain, with([](OnnxLimits& l) { l.values_max = 1; }), "values_max"},
      {"names", plain, with([](OnnxLimits& l) { l.name_bytes_max = 5; }), "at most 5"},
      {"dimension of an input", plain, with([](OnnxLimits& l) { l.dimension_max = 15; }), "dimension_max"},
      {"rank of an input", plain, with([](OnnxLimits& l) { l.tensor_rank_max = 1; }), "tensor_rank_max"},
      {"graphs", model_bytes({.graph = nested}), {}, "graph_depth_max"},
      {"types", deep_type, {}, "type_depth_max"},
      {"attributes", many_attributes, {}, "attributes_per_node_max"},
      {"initializers", with_initializer(raw_tensor("w", kFloat, {2}, std::string(8, '\0'))),
       with([](OnnxLimits& l) { l.initializers_max = 0; }), "initializers_max"},
      {"elements", with_initializer(raw_tensor("w", kFloat, {1 << 20, 1 << 20}, "")), {}, "tensor_elements_max"},
      {"overflow",
       with_initializer(raw_tensor("w", kFloat, {std::int64_t{1} << 40, std::int64_t{1} << 40}, "")),
       {},
       "tensor_elements_max"},
      {"dimension", with_initializer(raw_tensor("w", kFloat, {INT64_MAX}, "")), {}, "dimension_max"},
      {"negative dimension", with_initializer(raw_tensor("w", kFloat, {-1}, "")), {}, "dimension of -1"},
      {"rank", with_initializer(raw_tensor("w", kFloat, Shape(33, 1), std::string(4, '\0'))), {}, "tensor_rank_max"},
      {"external files", with_initializer(external_tensor("w", kFloat, {2}, "w", "0", "8")),
       with([](OnnxLimits& l) { l.external_files_max = 0; }), "external_files_max"},
      {"external bytes", with_initializer(external_tensor("w", kFloat, {2}, "w", "1000", "8")),
       with([](OnnxLimits& l) { l.external_bytes_max = 1007; }), "external_bytes_max"},
  };
  for (const Case& one : table) {
    SCOPED_TRACE(one.name);
    const auto summary = inspect(one.bytes, one.limits);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().reason, "model.limit") << summary.error().message;
    EXPECT_THAT(summary.error().message, HasSubstr(one.says));
  }
}

TEST(OnnxInspect, RefusesTensorsThatCarryLessThanTheyDeclare) {
  EXPECT_EQ(reason(inspect(with_initializer(raw_tensor("w", kFloat, {2}, std::string(8, '\0'))))), "accepted");
  EXPECT_EQ(reason(inspect(with_initializer(raw_tensor("w", kFloat, {2}, std::string(7, '\0'))))), "model.malformed");
  EXPECT_EQ(reason(inspect(with_initializer(raw_tensor("w", kFloat, {1 << 30}, "")))), "model.malformed");
  const Proto typed = Proto().number(1, 3).number(2, kFloat).text(4, std::string(12, '\0'));
  EXPECT_EQ(reason(inspect(with_initializer(typed))), "accepted");
  const Proto short_typed = Proto().number(1, 4).number(2, kFloat).text(4, std::string(12, '\0'));
  EXPECT_EQ(reason(inspect(with_initializer(short_typed))), "model.malformed");
  const Proto text = Proto().number(1, 2).number(2, kString).text(6, "a").text(6, "b");
  EXPECT_EQ(reason(inspect(with_initializer(text))), "accepted");
  const Proto short_text = Proto().number(1, 3).number(2, kString).text(6, "a");
  EXPECT_EQ(reason(inspect(with_initializer(short_text))), "model.malformed");
  const Proto unknown = Proto().number(1, 1).number(2, 99).text(9, "abcd");
  EXPECT_EQ(reason(inspect(with_initializer(unknown))), "model.malformed");
  const Proto packed_dims = Proto().text(1, std::string("\2\3", 2)).number(2, kFloat).text(9, std::string(24, '\0'));
  EXPECT_EQ(reason(inspect(with_initializer(packed_dims))), "accepted");
}

TEST(OnnxInspect, ListsExternalData) {
  const std::string bytes = model_bytes({.graph = {{node("Add", {"a", "b"}, {"y"})},
                                                   {},
                                                   {value_info("y", tensor_type(kFloat, {2}))},
                                                   {external_tensor("a", kFloat, {2}, "w/data.bin", "16", "8"),
                                                    external_tensor("b", kHalf, {4}, "w/data.bin", "", ""),
                                                    external_tensor("c", kI64, {3}, "other", "0", "24")}}});
  const auto summary = inspect(bytes);
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->external_files.size(), 2U);
  EXPECT_EQ(summary->external_files[0].name, "w/data.bin");
  EXPECT_EQ(summary->external_files[0].bytes_min, 24U);
  EXPECT_EQ(summary->external_files[0].tensors, 2U);
  EXPECT_EQ(summary->external_files[1].bytes_min, 24U);
}

TEST(OnnxInspect, RefusesExternalDataThatDisagrees) {
  EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kFloat, {2}, "w", "0", "9")))), "model.malformed");
  EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kFloat, {2}, "w", "-1", "8")))), "model.malformed");
  EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kFloat, {2}, "w", "18446744073709551615", "8")))),
            "model.malformed");
  EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kString, {2}, "w", "0", "8")))), "model.malformed");
  const Proto in_attribute = tensor_attribute("value", external_tensor("w", kFloat, {2}, "w", "0", "8"));
  const std::string bytes = model_bytes(
      {.graph = {{node("Constant", {}, {"y"}, {in_attribute})}, {}, {value_info("y", tensor_type(kFloat, {2}))}, {}}});
  EXPECT_EQ(reason(inspect(bytes)), "model.external_path");
}

TEST(OnnxInspect, KeepsExternalDataInsideTheBundle) {
  for (const std::string name : {"w.bin", "a/b/c", "..w", "w..", "w.b..in",
                                 "gr\xC3\xBC\xC3\x9F"
                                 "e"}) {
    EXPECT_TRUE(check_external_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("/etc/passwd"), std::string(".."), std::string("../w"), std::string("a/../../w"),
        std::string("a/.."), std::string("./w"), std::string("a//b"), std::string("a/"), std::string("a\\b"),
        std::string("..\\w"), std::string("C:w"), std::string("file:///w"), std::string("a\0b", 3), std::string("a\nb"),
        std::string("\xFF"), std::string(256, 'a')}) {
    const Status status = check_external_name(name);
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().reason, "model.external_path") << name;
    EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kFloat, {2}, name, "0", "8")))),
              "model.external_path")
        << name;
  }
}

TEST(OnnxInspect, RefusesMemoryAddresses) {
  for (const std::string name : {"*/_ORT_MEM_ADDR_/*", "*/anything", "a/_ORT_MEM_ADDR_/b"}) {
    EXPECT_EQ(reason(inspect(with_initializer(external_tensor("w", kFloat, {2}, name, "140737488355328", "8")))),
              "model.memory_address")
        << name;
  }
  // Without data_location the entries alone count.
  const Proto sly = Proto()
                        .number(1, 2)
                        .number(2, kFloat)
                        .text(9, std::string(8, '\0'))
                        .message(13, Proto().text(1, "location").text(2, "*/_ORT_MEM_ADDR_/*"));
  EXPECT_EQ(reason(inspect(with_initializer(sly))), "model.memory_address");
}

TEST(OnnxInspect, RefusesVersionsOutsideTheRange) {
  ModelParts parts;
  parts.graph = {{node("Identity", {"x"}, {"y"})},
                 {value_info("x", tensor_type(kFloat, {1}))},
                 {value_info("y", tensor_type(kFloat, {1}))},
                 {}};
  parts.ir_version = 99;
  EXPECT_EQ(reason(inspect(model_bytes(parts))), "model.ir_version");
  parts.ir_version = 8;
  parts.opsets = {{"", 1000}};
  EXPECT_EQ(reason(inspect(model_bytes(parts))), "model.opset");
  parts.opsets = {{"ai.onnx", 17}};
  EXPECT_EQ(reason(inspect(model_bytes(parts))), "accepted");
}

TEST(OnnxInspect, RefusesOperatorsThatReachOutside) {
  const std::string bytes = model_bytes({.graph = {{node("EPContext", {"x"}, {"y"}, {}, "com.microsoft")},
                                                   {},
                                                   {value_info("y", tensor_type(kFloat, {1}))},
                                                   {}}});
  EXPECT_EQ(reason(inspect(bytes)), "model.operator_refused");
}

TEST(OnnxInspect, RefusesTrainingGraphsAndUnknownFields) {
  EXPECT_EQ(reason(inspect(add_sub_model({1}) + Proto().text(20, "").bytes())), "model.training_graph");
  EXPECT_EQ(reason(inspect(add_sub_model({1}) + Proto().text(99, "").bytes())), "model.malformed");
}

Proto function(const std::string& name, const std::vector<std::string>& calls) {
  Proto function;
  function.text(1, name).text(4, "x").text(5, "y").text(10, "local");
  for (const std::string& callee : calls)
    function.message(7, node(callee, {"x"}, {"y"}, {}, callee.starts_with("f") ? "local" : ""));
  return function;
}

std::string with_functions(const std::vector<Proto>& functions) {
  ModelParts parts;
  parts.graph = {{node("f0", {"x"}, {"y"}, {}, "local")},
                 {value_info("x", tensor_type(kFloat, {1}))},
                 {value_info("y", tensor_type(kFloat, {1}))},
                 {}};
  parts.functions = functions;
  parts.opsets = {{"", 17}, {"local", 1}};
  return model_bytes(parts);
}

TEST(OnnxInspect, FollowsLocalFunctions) {
  const auto summary =
      inspect(with_functions({function("f0", {"f1", "f1", "Relu"}), function("f1", {"Relu", "Neg", "Abs"})}));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->functions, 2U);
  EXPECT_EQ(summary->nodes, 7U);
  EXPECT_EQ(summary->expanded_nodes, 7U);  // 2 * 3 + 1
  EXPECT_TRUE(summary->custom_domains.empty());
}

TEST(OnnxInspect, RefusesChainsOfFunctions) {
  std::vector<Proto> chain;
  for (int i = 0; i < 1000; ++i) chain.push_back(function("f" + std::to_string(i), {"f" + std::to_string(i + 1)}));
  const auto summary = inspect(with_functions(chain));
  EXPECT_EQ(reason(summary), "model.limit");
  EXPECT_THAT(summary.error().message, HasSubstr("function_depth_max"));
}

TEST(OnnxInspect, RefusesFunctionsThatMultiply) {
  std::vector<Proto> functions;  // 10^12 nodes in 2 KB
  for (int i = 0; i < 12; ++i)
    functions.push_back(function("f" + std::to_string(i), std::vector<std::string>(10, "f" + std::to_string(i + 1))));
  functions.push_back(function("f12", {"Relu"}));
  const auto summary = inspect(with_functions(functions));
  EXPECT_EQ(reason(summary), "model.limit");
  EXPECT_THAT(summary.error().message, HasSubstr("expanded_nodes_max"));
}

TEST(OnnxInspect, RefusesFunctionsThatCallThemselves) {
  EXPECT_EQ(reason(inspect(with_functions({function("f0", {"f0"})}))), "model.function_cycle");
  EXPECT_EQ(reason(inspect(with_functions({function("f0", {"Relu"}), function("f1", {"f2"}), function("f2", {"f1"})}))),
            "model.function_cycle");
  EXPECT_EQ(reason(inspect(with_functions({function("f0", {"Relu"}), function("f0", {"Neg"})}))),
            "model.duplicate_function");
  const auto many = std::vector<Proto>(2000, function("f0", {"Relu"}));
  EXPECT_EQ(reason(inspect(with_functions(many))), "model.limit");
}

}  // namespace
}  // namespace slipway
