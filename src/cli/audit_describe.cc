#include "cli/audit_describe.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

// What a record is about: the endpoint of a prediction, the model and version of a decision.
std::string subject_of(const json::object& record) {
  const std::string name = text_at(record, "endpoint").empty() ? text_at(record, "model") : text_at(record, "endpoint");
  const std::string version = text_at(record, "version");
  return version.empty() ? name : name + "@" + version;
}

}  // namespace

bool is_sound_report(const json::value& report) { return text_at(as_object(report), "ok") == "true"; }

std::string describe_report(const json::value& value) {
  const json::object& report = as_object(value);
  std::string text;
  if (is_sound_report(value)) {
    text = "The log is sound: every record is as it was written, and the signed checkpoint covers it.\n\n";
  } else {
    const json::object& fault = object_at(report, "fault");
    text = fmt::format("The log is NOT sound.\n\n{}\n", facts({{"what", text_at(fault, "what")},
                                                               {"file", text_at(fault, "file")},
                                                               {"at byte", text_at(fault, "offset")},
                                                               {"record", text_at(fault, "index")}}));
  }
  return text + facts({{"records", text_at(report, "records")},
                       {"predictions", text_at(report, "predictions")},
                       {"decisions", text_at(report, "decisions")},
                       {"refusals", text_at(report, "refusals")},
                       {"signed", text_at(report, "signed_records")},
                       {"size", bytes_text(count_at(report, "leaf_bytes"))},
                       {"root", text_at(report, "root")},
                       {"signer", text_at(report, "signer")}});
}

std::string describe_records(const json::value& value) {
  Table table({"TIME", "ACTION", "SUBJECT", "PRINCIPAL", "OUTCOME", "LATENCY", "REQUEST ID"});
  for (const json::value& item : array_at(as_object(value), "records")) {
    const json::object& record = as_object(item);
    const std::string latency = text_at(record, "latency_us");
    table.add({short_time(text_at(record, "time")), text_at(record, "action"), subject_of(record),
               text_at(record, "principal"), text_at(record, "outcome"), latency.empty() ? "" : latency + " us",
               text_at(record, "request_id")});
  }
  if (table.is_empty()) return "No records match.\n";
  std::string text = table.to_string();
  const std::string next = text_at(as_object(value), "next_cursor");
  if (!next.empty()) text += fmt::format("\nMore: the same command with --cursor {}\n", clean(next));
  return text;
}

std::string receipt_json(const audit::CheckedReceipt& receipt) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object().key("valid").value(true).key("record").raw(
      audit::to_json(receipt.stored.index, receipt.stored.record()));
  writer.key("log").value(receipt.checkpoint.origin).key("log_size").value(receipt.checkpoint.size);
  writer.key("root").value(receipt.checkpoint.root.hex()).end_object();
  return text;
}

std::string describe_receipt(const audit::CheckedReceipt& receipt) {
  const audit::Record record = receipt.stored.record();
  const auto hex = [](const std::optional<Digest>& digest) { return digest ? digest->hex() : std::string(); };
  return fmt::format("The receipt is valid: record {} of {} in the log {} is as it was written.\n\n",
                     receipt.stored.index, receipt.checkpoint.size, clean(receipt.checkpoint.origin)) +
         facts({{"time", format_time(record.time)},
                {"request id", record.id.to_string()},
                {"action", std::string(record.action)},
                {"principal", std::string(record.principal)},
                {"endpoint", std::string(record.endpoint)},
                {"model", std::string(record.model)},
                {"version", std::string(record.version)},
                {"outcome", std::string(to_string(record.outcome))},
                {"bundle", hex(record.bundle)},
                {"input", hex(record.input_commitment)},
                {"output", hex(record.output_commitment)}});
}

}  // namespace slipway::cli
