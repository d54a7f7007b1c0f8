#include "audit/verify_json.h"

#include "base/json_writer.h"

namespace slipway::audit {

std::string to_json(const VerifyReport& report) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("ok").value(report.is_sound());
  json.key("segments").value(report.segments).key("records").value(report.records);
  json.key("predictions").value(report.predictions).key("decisions").value(report.decisions);
  json.key("refusals").value(report.refusals);
  json.key("leaf_bytes").value(report.leaf_bytes).key("root").value(report.root.hex());
  json.key("signer").value(report.signer).key("signed_records").value(report.signed_records).key("fault");
  if (report.fault) {
    json.begin_object().key("file").value(report.fault->file).key("offset").value(report.fault->offset);
    json.key("index").value(report.fault->index).key("what").value(report.fault->what).end_object();
  } else {
    json.null();
  }
  json.end_object();
  return text;
}

}  // namespace slipway::audit
