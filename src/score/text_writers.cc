#include "score/text_writers.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"

namespace slipway::score {
namespace {

class CsvWriter final : public RowWriter {
 public:
  explicit CsvWriter(const Plan& plan) : plan_(plan) {}

  Result<std::string> header() override {
    for (const KeptColumn& kept : plan_.kept) field(Value::text(kept.name));
    for (const RowTensor& output : plan_.outputs) {
      const std::size_t count = *output.value_count();
      for (std::size_t i = 0; i < count; ++i) {
        field(Value::text(count == 1 ? output.spec.name : output.spec.name + '_' + std::to_string(i)));
      }
    }
    end_row();
    return take();
  }

  Status add(std::span<const Value> values, const Answer& answer, std::size_t row) override {
    for (const KeptColumn& kept : plan_.kept) field(values[kept.column]);
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      const RowValues cells = row_values(plan_.outputs[i], answer.outputs[i], row);
      for (std::size_t at = cells.first; at < cells.first + cells.count; ++at) {
        field(element_at(answer.outputs[i], at));
      }
    }
    end_row();
    return {};
  }

  Result<std::string> take() override { return std::exchange(out_, {}); }

 private:
  void field(const Value& value) {
    if (is_behind_another_) out_ += ',';
    is_behind_another_ = true;
    const std::size_t begin = out_.size();
    append_text(out_, value);
    const std::string_view text = std::string_view(out_).substr(begin);
    if (text.find_first_of(",\"\r\n") == text.npos) return;
    std::string quoted_text = "\"";
    for (const char c : text) {
      quoted_text += c;
      if (c == '"') quoted_text += '"';
    }
    out_.replace(begin, out_.npos, quoted_text + '"');
  }

  void end_row() {
    const bool is_blank = out_.empty() || out_.back() == '\n';
    out_ += is_blank ? "\"\"\n" : "\n";  // a blank line is no row
    is_behind_another_ = false;
  }

  const Plan& plan_;
  std::string out_;
  bool is_behind_another_ = false;
};

class JsonLinesWriter final : public RowWriter {
 public:
  explicit JsonLinesWriter(const Plan& plan) : plan_(plan) {
    for (const KeptColumn& kept : plan.kept) keys_.push_back(key_text(kept.name));
    for (const RowTensor& output : plan.outputs) keys_.push_back(key_text(output.spec.name));
  }

  Result<std::string> header() override { return std::string(); }

  Status add(std::span<const Value> values, const Answer& answer, std::size_t row) override {
    std::size_t member = 0;
    for (const KeptColumn& kept : plan_.kept) {
      begin_member(member++);
      append_json(out_, values[kept.column]);
    }
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) {
      begin_member(member++);
      const RowValues cells = row_values(plan_.outputs[i], answer.outputs[i], row);
      std::size_t at = cells.first;
      if (plan_.outputs[i].is_single()) {
        append_json(out_, element_at(answer.outputs[i], at));
      } else {
        append_array(answer.outputs[i], cells.shape, at);
      }
    }
    out_ += "}\n";
    return {};
  }

  Result<std::string> take() override { return std::exchange(out_, {}); }

 private:
  static std::string key_text(std::string_view name) {
    std::string text;
    append_json_string(text, name);
    return text + ':';
  }

  void begin_member(std::size_t member) {
    out_ += member == 0 ? '{' : ',';
    out_ += keys_[member];
  }

  void append_array(const TensorView& output, std::span<const std::int64_t> shape, std::size_t& at) {
    if (shape.empty()) return append_json(out_, element_at(output, at++));
    out_ += '[';
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      if (i > 0) out_ += ',';
      append_array(output, shape.subspan(1), at);
    }
    out_ += ']';
  }

  const Plan& plan_;
  std::vector<std::string> keys_;  // "name":
  std::string out_;
};

}  // namespace

Result<std::unique_ptr<RowWriter>> make_csv_writer(const Plan& plan) {
  for (const RowTensor& output : plan.outputs) {
    if (output.value_count()) continue;
    return fail(Code::kInvalidArgument, "score.variable_output",
                "the output " + slipway::quoted(output.spec.name) +
                    " has a variable number of values a row, and a CSV file a fixed number of columns: write .jsonl or "
                    ".parquet");
  }
  return std::make_unique<CsvWriter>(plan);
}

std::unique_ptr<RowWriter> make_json_lines_writer(const Plan& plan) { return std::make_unique<JsonLinesWriter>(plan); }

}  // namespace slipway::score
