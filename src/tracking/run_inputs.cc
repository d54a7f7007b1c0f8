// What went into a run and what came out of it: data sets and logged models.
#include <algorithm>
#include <set>

#include "base/digest.h"
#include "lineage/lineage_store.h"
#include "tracking/input_tags.h"
#include "tracking/limits.h"
#include "tracking/row_batch.h"
#include "tracking/run_key.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

constexpr std::string_view kContextTag = "mlflow.data.context";
constexpr std::string_view kLineageSpace = "mlflow";  // clients name data sets and say where they lie in many ways

// Made of what identifies a data set, so that the same one logged by two runs is one row.
std::string dataset_id(std::string_view experiment_id, const Dataset& dataset) {
  Sha256 hash;
  for (const std::string_view part :
       {experiment_id, std::string_view(dataset.name), std::string_view(dataset.digest)}) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  }
  return hash.finish().hex().substr(0, 32);
}

std::string context_of(std::span<const KeyValue> tags) {
  const auto found = std::ranges::find(tags, kContextTag, &KeyValue::key);
  return found == tags.end() ? "" : found->value;
}

Status log_datasets(Transaction& t, const RunKey& run, std::string_view run_id, std::span<const DatasetInput> inputs,
                    WallTime when) {
  static const InsertRows kInsertDatasets(
      "INSERT INTO datasets (experiment_id, id, name, digest, source_type, source, schema, profile) VALUES ", 1, 7,
      " ON CONFLICT DO NOTHING");
  static const InsertRows kInsertInputs("INSERT INTO run_datasets (run, dataset_id, position, tags, context) VALUES ",
                                        1, 4, " ON CONFLICT DO NOTHING");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query("SELECT dataset_id FROM run_datasets WHERE run = $1", {run.number}));
  std::set<std::string> known;
  for (const Row& row : rows) known.insert(row.text(0));
  std::vector<SqlValue> datasets;
  std::vector<SqlValue> links;
  for (const DatasetInput& input : inputs) {
    const Dataset& dataset = input.dataset;
    const std::string id = dataset_id(run.experiment_id, dataset);
    const auto position = static_cast<std::int64_t>(known.size());
    if (!known.insert(id).second) continue;  // the first of equal ones counts, also of an earlier request
    datasets.insert(datasets.end(), {id, dataset.name, dataset.digest, dataset.source_type, dataset.source,
                                     dataset.schema, dataset.profile});
    links.insert(links.end(), {id, position, write_input_tags(input.tags), context_of(input.tags)});
    const LineageNode node = LineageNode::dataset(kLineageSpace, dataset.name, dataset.digest);
    SLIPWAY_CHECK(LineageStore().run_used_dataset(t, run_id, node, when));
  }
  SLIPWAY_CHECK(kInsertDatasets.put(t, {run.experiment_id}, std::move(datasets)));
  SLIPWAY_CHECK(kInsertInputs.put(t, {run.number}, std::move(links)));
  return {};
}

Status log_models(Transaction& t, const RunKey& run, bool is_output, std::span<const ModelOutput> models) {
  static const InsertRows kInsert("INSERT INTO run_models (run, is_output, model_id, step) VALUES ", 2, 2,
                                  " ON CONFLICT DO NOTHING");
  std::vector<SqlValue> values;
  for (const ModelOutput& model : models) values.insert(values.end(), {model.model_id, model.step});
  SLIPWAY_CHECK(kInsert.put(t, {run.number, std::int64_t{is_output}}, std::move(values)));
  return {};
}

Status check_count(std::string_view what, std::size_t count) {
  if (count <= kInputsMax) return {};
  return fail(Code::kInvalidArgument, "tracking.invalid",
              std::string(what) + ": found " + std::to_string(count) + " entries; accepted are up to " +
                  std::to_string(kInputsMax));
}

Status check_models(std::span<const ModelOutput> models) {
  SLIPWAY_CHECK(check_count("models", models.size()));
  for (const ModelOutput& model : models) {
    if (model.model_id.empty()) {
      return fail(Code::kInvalidArgument, "tracking.invalid",
                  "Missing value for required parameter 'models.model_id'.");
    }
    SLIPWAY_CHECK(check_length("model_id", model.model_id, kModelIdCharactersMax));
  }
  return {};
}

}  // namespace

Status RunStore::log_inputs(Transaction& t, std::string_view id, std::span<const DatasetInput> datasets,
                            std::span<const std::string> models) const {
  SLIPWAY_CHECK(check_count("datasets", datasets.size()));
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    SLIPWAY_CHECK(check_dataset_input(datasets[i], "datasets[" + std::to_string(i) + ']'));
  }
  std::vector<ModelOutput> inputs;
  for (const std::string& model : models) inputs.push_back({model, 0});
  SLIPWAY_CHECK(check_models(inputs));
  SLIPWAY_TRY(const RunKey run, find_active_run(t, id));
  if (!datasets.empty()) SLIPWAY_CHECK(log_datasets(t, run, id, datasets, clock_->now()));
  return log_models(t, run, false, inputs);
}

Status RunStore::log_outputs(Transaction& t, std::string_view id, std::span<const ModelOutput> models) const {
  SLIPWAY_CHECK(check_models(models));
  SLIPWAY_TRY(const RunKey run, find_active_run(t, id));
  return log_models(t, run, true, models);
}

Result<std::vector<RunStore::DatasetSummary>> RunStore::datasets(Transaction& t,
                                                                 std::span<const std::string> experiment_ids,
                                                                 std::size_t limit) const {
  static const SelectIn kSelect(
      "SELECT DISTINCT d.experiment_id, d.name, d.digest, i.context FROM datasets d "
      "JOIN run_datasets i ON i.dataset_id = d.id WHERE d.experiment_id IN ",
      "");
  const std::vector<SqlValue> ids(experiment_ids.begin(), experiment_ids.end());
  SLIPWAY_TRY(const std::vector<Row> rows, kSelect.query(t, ids));
  std::vector<DatasetSummary> found;
  for (const Row& row : rows) found.push_back({row.text(0), row.text(1), row.text(2), row.text(3)});
  std::ranges::sort(found);
  if (found.size() > limit) found.resize(limit);
  return found;
}

}  // namespace slipway
