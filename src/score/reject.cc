#include "score/reject.h"

#include "base/json_writer.h"

namespace slipway::score {

void append_reject(std::string& out, const Plan& plan, const Chunk& chunk, const RejectedRow& rejected) {
  const Row& row = chunk.rows[rejected.row];
  JsonWriter json(out);
  json.begin_object().key("line").value(row.line).key("reason").value(rejected.error.reason);
  json.key("message").value(rejected.error.message).key("values").begin_array();
  for (const ErrorDetail& detail : rejected.error.details) {
    json.begin_object().key("field").value(detail.field).key("found").value(detail.found);
    json.key("rule").value(detail.rule).end_object();
  }
  json.end_array().key("row");
  if (!row.text.empty()) {
    json.value(row.text);
  } else {
    json.begin_object();
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
      std::string value;
      append_json(value, row.values[i]);
      json.key(plan.columns[i]).raw(value);
    }
    json.end_object();
  }
  json.end_object();
  out += '\n';
}

}  // namespace slipway::score
