#include "cli/tune_report.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

std::string why(const TuneSubject& subject, const TuneProposal& proposal) {
  const std::string latency = duration_text(static_cast<double>(subject.goal.latency_max.count()));
  if (!proposal.is_in_time) {
    return fmt::format(
        "Not even one row is answered within {}: two runs of it, the one that a request waits for and its own, "
        "take longer.\nGive a longer --latency-max, or serve a smaller model.\n",
        latency);
  }
  std::string text = fmt::format(
      "{} rows a run on {} at a time: {} rows/s, {}x what one row and one at a time give.\n"
      "A request that waits for one run and has its own takes {} (limit {}).\n",
      proposal.chosen.rows, count_text(proposal.chosen.instances), number_text(proposal.chosen.rows_per_s),
      number_text(proposal.gain), duration_text(2 * proposal.chosen.run_p99_us), latency);
  if (!subject.is_batchable) text += "The model has no batch axis: requests do not share runs.\n";
  return text;
}

std::string what_to_set(const TuneProposal& proposal) {
  std::string text = "\nIn the endpoint's policy (slipway policy set):\n\n" + batch_section(proposal.policy);
  if (proposal.is_inline) {
    text += fmt::format("\nSo short a run stands on an I/O thread: slipway serve --io-threads {}\n",
                        proposal.chosen.instances);
  }
  return text;
}

}  // namespace

std::string tune_text(const TuneSubject& subject, std::span<const TunePoint> points, const TuneProposal& proposal) {
  std::string text = fmt::format("{} on {} cores, ONNX Runtime {}\n\n", clean(subject.model), subject.cores,
                                 clean(subject.runtime_version));
  Table table({"INSTANCES", "ROWS", "RUN P50", "RUN P99", "ROWS/S", ""});
  for (const TunePoint& point : points) {
    const bool is_chosen = point.rows == proposal.chosen.rows && point.instances == proposal.chosen.instances;
    table.add({count_text(point.instances), count_text(point.rows), duration_text(point.run_p50_us),
               duration_text(point.run_p99_us), number_text(point.rows_per_s), is_chosen ? "<" : ""});
  }
  return text + table.to_string() + '\n' + why(subject, proposal) + what_to_set(proposal);
}

std::string tune_json(const TuneSubject& subject, std::span<const TunePoint> points, const TuneProposal& proposal) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("model").value(subject.model).key("cores").value(std::uint64_t{subject.cores});
  json.key("runtime_version").value(subject.runtime_version).key("batch_axis").value(subject.is_batchable);
  json.key("latency_max_us").value(std::int64_t{subject.goal.latency_max.count()}).key("points").begin_array();
  for (const TunePoint& point : points) {
    json.begin_object().key("instances").value(std::uint64_t{point.instances});
    json.key("rows").value(std::uint64_t{point.rows}).key("run_p50_us").value(point.run_p50_us);
    json.key("run_p99_us").value(point.run_p99_us).key("rows_per_s").value(point.rows_per_s).end_object();
  }
  json.end_array().key("proposal").begin_object();
  json.key("rows").value(std::uint64_t{proposal.chosen.rows});
  json.key("instances").value(std::uint64_t{proposal.chosen.instances}).key("gain").value(proposal.gain);
  json.key("in_time").value(proposal.is_in_time).key("on_io_threads").value(proposal.is_inline);
  json.key("delay_max_us").value(std::int64_t{proposal.policy.delay_max.count()});
  json.key("policy").value(batch_section(proposal.policy)).end_object().end_object();
  return text + '\n';
}

}  // namespace slipway::cli
