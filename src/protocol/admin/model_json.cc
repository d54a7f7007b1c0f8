#include "protocol/admin/model_json.h"

namespace slipway {
namespace {

void write_members(JsonWriter& json, const Version& version) {
  json.key("model").value(version.model).key("version").value(version.semver.to_string());
  json.key("number").value(version.number).key("state").value(to_string(version.state));
  json.key("state_reason").value(version.state_reason).key("digest").value(version.digest.hex());
  json.key("author").value(version.author).key("description").value(version.description);
  json.key("created").value(format_time(version.created_at)).key("updated").value(format_time(version.updated_at));
}

// A report that the registry keeps as JSON text.
void write_report(JsonWriter& json, std::string_view key, const std::string& report) {
  json.key(key);
  report.empty() ? json.null() : json.raw(report);
}

void write_approval(JsonWriter& json, const Approval& approval) {
  json.begin_object();
  json.key("principal").value(approval.principal).key("decision").value(to_string(approval.decision));
  json.key("reason").value(approval.reason).key("digest").value(approval.digest.hex());
  json.key("time").value(format_time(approval.created_at)).key("voided");
  approval.voided_at ? json.value(format_time(*approval.voided_at)) : json.null();
  json.end_object();
}

}  // namespace

void write_version(JsonWriter& json, const Version& version) {
  json.begin_object();
  write_members(json, version);
  json.end_object();
}

std::string version_json(const VersionDetails& details) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write_members(json, details.version);
  json.key("approvals_required").value(details.approvals_required).key("approvals").begin_array();
  for (const Approval& approval : details.approvals) write_approval(json, approval);
  json.end_array().key("files").begin_array();
  for (const ManifestFile& file : details.manifest.files) {
    json.begin_object().key("path").value(file.path).key("size").value(file.size_bytes);
    json.key("sha256").value(file.sha256.hex()).end_object();
  }
  json.end_array().key("manifest").raw(canonical_json(details.manifest));
  write_report(json, "probe", details.version.probe_report);
  write_report(json, "tests", details.version.test_report);
  json.key("contract_digest").value(details.version.contract_digest);
  json.end_object();
  return body;
}

}  // namespace slipway
