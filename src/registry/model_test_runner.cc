#include "registry/model_test_runner.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "registry/model_test_metric.h"

namespace slipway {
namespace {

constexpr std::size_t kMismatchesMax = 10;

Result<std::vector<OwnedTensor>> run(const ModelUnderTest& model, const std::vector<OwnedTensor>& inputs) {
  std::vector<TensorView> views;
  for (const OwnedTensor& input : inputs) views.push_back(input.view());
  return model.run(views);
}

const OwnedTensor* find(const std::vector<OwnedTensor>& tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const OwnedTensor& tensor) { return tensor.name() == name; });
  return found == tensors.end() ? nullptr : &*found;
}

// What a float of the output's type can say of the expected number: 0.1 as FP32 is not 0.1 as FP64.
Cell rounded(const Cell& expected, DataType type) {
  if (type != DataType::kFp16 && type != DataType::kBf16 && type != DataType::kFp32) return expected;
  OwnedTensor tensor("", type, {1});
  return tensor.append(expected) ? cell_at(tensor.view(), 0) : expected;
}

bool is_nan(const Cell& cell) {
  const auto* const number = std::get_if<double>(&cell);
  return number != nullptr && std::isnan(*number);
}

bool is_close(const Cell& expected, const Cell& found, double tolerance) {
  if (is_nan(expected) && is_nan(found)) return true;
  if (tolerance == 0) return is_same(expected, found);
  return std::abs(to_double(expected) - to_double(found)) <= tolerance;  // false where either is NaN
}

void fail_check(ModelCheck& check, std::string message) {
  check.is_passed = false;
  check.message = std::move(message);
}

void compare(ModelCheck& check, const std::string& name, const std::vector<Cell>& expected, const TensorView& found,
             double tolerance) {
  if (expected.size() != element_count(found)) {
    return fail_check(check, "output " + slipway::quoted(name) + " has " + std::to_string(element_count(found)) +
                                 " elements; expected were " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Cell cell = cell_at(found, i);
    if (is_close(rounded(expected[i], found.type), cell, tolerance)) continue;
    check.is_passed = false;
    if (check.mismatches.size() < kMismatchesMax)
      check.mismatches.push_back({name, i, to_text(expected[i]), to_text(cell)});
  }
}

ModelCheck run_case(const ModelCase& test, const ModelUnderTest& model) {
  ModelCheck check{"case", test.name, true, "", {}, {}, {}, {}, 0};
  const auto outputs = run(model, test.inputs);
  if (!outputs) {
    fail_check(check, outputs.error().message);
    return check;
  }
  for (const ExpectedOutput& expected : test.outputs) {
    const OwnedTensor* const found = find(*outputs, expected.name);
    if (found == nullptr) {
      fail_check(check, "the model has no output " + slipway::quoted(expected.name));
      continue;
    }
    compare(check, expected.name, expected.data, found->view(), expected.tolerance);
  }
  return check;
}

ModelCheck run_invariance(const ModelInvariance& test, const ModelUnderTest& model) {
  ModelCheck check{"invariance", test.name, true, "", {}, {}, {}, {}, 0};
  const auto before = run(model, test.inputs);
  const auto after = run(model, test.changed);
  for (const auto* const outputs : {&before, &after}) {
    if (*outputs) continue;
    fail_check(check, outputs->error().message);
    return check;
  }
  const OwnedTensor* const first = find(*before, test.output);
  const OwnedTensor* const second = find(*after, test.output);
  if (first == nullptr || second == nullptr) {
    fail_check(check, "the model has no output " + slipway::quoted(test.output));
    return check;
  }
  std::vector<Cell> expected;
  const TensorView view = first->view();
  for (std::size_t i = 0; i < element_count(view); ++i) expected.push_back(cell_at(view, i));
  compare(check, test.output, expected, second->view(), test.tolerance);
  return check;
}

ModelCheck run_metric(const ModelMetric& metric, const ModelUnderTest& model) {
  ModelCheck check{"metric", std::string(to_string(metric.metric)), false, "", {}, {}, metric.minimum, metric.maximum,
                   0};
  const auto found = evaluate_metric(metric, model);
  if (!found) {
    fail_check(check, found.error().message);
    return check;
  }
  check.value = found->value;
  check.row_count = found->row_count;
  check.is_passed =
      (!metric.minimum || found->value >= *metric.minimum) && (!metric.maximum || found->value <= *metric.maximum);
  return check;
}

void write_check(JsonWriter& json, const ModelCheck& check) {
  json.begin_object().key("kind").value(check.kind).key("name").value(check.name).key("passed").value(check.is_passed);
  json.key("message").value(check.message).key("mismatches").begin_array();
  for (const Mismatch& mismatch : check.mismatches) {
    json.begin_object().key("output").value(mismatch.output).key("index").value(mismatch.index);
    json.key("expected").value(mismatch.expected).key("found").value(mismatch.found).end_object();
  }
  json.end_array();
  if (check.value) json.key("value").value(*check.value).key("rows").value(check.row_count);
  if (check.minimum) json.key("minimum").value(*check.minimum);
  if (check.maximum) json.key("maximum").value(*check.maximum);
  json.end_object();
}

}  // namespace

ModelTestReport run_model_tests(const ModelTests& tests, const ModelUnderTest& model) {
  ModelTestReport report;
  for (const ModelCase& test : tests.cases) report.checks.push_back(run_case(test, model));
  for (const ModelInvariance& test : tests.invariances) report.checks.push_back(run_invariance(test, model));
  if (tests.metric) report.checks.push_back(run_metric(*tests.metric, model));
  report.is_passed =
      std::all_of(report.checks.begin(), report.checks.end(), [](const ModelCheck& check) { return check.is_passed; });
  return report;
}

std::string to_json(const ModelTestReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("passed").value(report.is_passed).key("checks").begin_array();
  for (const ModelCheck& check : report.checks) write_check(json, check);
  json.end_array().end_object();
  return out;
}

}  // namespace slipway
