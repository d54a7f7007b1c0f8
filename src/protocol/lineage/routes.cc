#include "protocol/lineage/routes.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/admin/decision.h"
#include "protocol/lineage/lineage_query.h"
#include "protocol/lineage/openlineage_parse.h"

namespace slipway {
namespace {

tl::unexpected<Error> refuse(std::string_view name, std::string_view found, std::string_view accepted) {
  return fail(Code::kInvalidArgument, "request.invalid_query",
              "query parameter " + std::string(name) + ": " + quoted(found) + " found; " + std::string(accepted));
}

// Leaves `number` where the parameter is absent.
template <typename Number>
Status read_number(const HttpRequest& request, std::string_view name, Number most, Number& number) {
  SLIPWAY_TRY(const auto text, request.query_parameter(name));
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number > most || number < Number{0})
    return refuse(name, *text, "0 to " + std::to_string(most) + " are accepted");
  return {};
}

Result<LineageQuestion> parse_question(const HttpRequest& request) {
  LineageQuestion question;
  SLIPWAY_TRY(const auto subject, request.query_parameter("subject"));
  question.subject = subject.value_or("");
  SLIPWAY_TRY(const auto direction, request.query_parameter("direction"));
  if (direction && *direction != "both") {
    if (*direction != "up" && *direction != "down")
      return refuse("direction", *direction, "up, down and both are accepted");
    question.direction = *direction == "up" ? LineageDirection::kUp : LineageDirection::kDown;
  }
  SLIPWAY_CHECK(read_number(request, "depth", kLineageDepthMax, question.depth_max));
  SLIPWAY_CHECK(read_number(request, "nodes", kLineageNodesMax, question.nodes_max));
  SLIPWAY_CHECK(read_number(request, "predictions", kLineagePredictionsMax, question.predictions_max));
  return question;
}

// Without the end of the object, for members that follow.
void begin_node(JsonWriter& json, const LineageNode& node, const std::string& id) {
  json.begin_object().key("id").value(id).key("kind").value(to_string(node.kind));
  json.key("namespace").value(node.space).key("name").value(node.name);
  json.key("version").value(node.version).key("digest").value(node.digest);
}

void write_facets(JsonWriter& json, const Facets& facets) {
  json.key("facets").begin_object();
  for (const auto& [name, body] : facets) json.key(name).raw(body);
  json.end_object();
}

Result<std::string> graph_of(Database& database, const audit::AuditLog& log, const HttpRequest& request) {
  SLIPWAY_TRY(const LineageQuestion question, parse_question(request));
  SLIPWAY_TRY(const LineageGraph graph, answer(database, log, *request.principal, question));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("subject").value(question.subject).key("truncated").value(graph.is_truncated);
  json.key("nodes").begin_array();
  for (const FoundNode& found : graph.nodes) {
    begin_node(json, found.node, found.id);
    json.key("depth").value(found.depth).end_object();
  }
  json.end_array().key("edges").begin_array();
  for (const LineageEdge& edge : graph.edges) {
    json.begin_object().key("from").value(edge.source).key("to").value(edge.target);
    json.key("relation").value(to_string(edge.relation)).key("created").value(format_time(edge.created_at));
    json.end_object();
  }
  json.end_array().end_object();
  return body;
}

void write_time(JsonWriter& json, std::string_view key, const std::optional<WallTime>& time) {
  json.key(key);
  time ? json.value(format_time(*time)) : json.null();
}

Result<std::string> node_json(Database& database, const HttpRequest& request) {
  const std::string id(request.parameter("id"));
  SLIPWAY_TRY(const LineageDetails details, details_of(database, *request.principal, id));
  std::string body;
  JsonWriter json(body);
  begin_node(json, details.node, id);
  if (details.run) {
    json.key("state").value(to_string(details.run->type));
    write_time(json, "started", details.run->started_at);
    write_time(json, "ended", details.run->ended_at);
  }
  write_facets(json, details.facets);
  json.key("uses").begin_array();
  for (const LineageDetails::Use& use : details.uses) {
    json.begin_object().key("node").value(use.node).key("relation").value(to_string(use.relation));
    write_facets(json, use.facets);
    json.end_object();
  }
  json.end_array().end_object();
  return body;
}

// Whoever says that a run produced a version speaks for its model.
Status check_may_tell(const Principal& principal, const OpenLineageEvent& event) {
  for (const OpenLineageDataset& output : event.outputs) {
    const std::string_view model = model_of(output);
    if (model.empty() || principal.may(Permission::kRegister, model)) continue;
    return fail(Code::kPermissionDenied, "access.forbidden",
                principal.name + " lacks the permission register on model " + quoted(model));
  }
  return {};
}

Result<std::string> accept_event(Database& database, const HttpRequest& request) {
  SLIPWAY_TRY(const OpenLineageEvent event, parse_openlineage_event(as_text(request.body)));
  SLIPWAY_CHECK(check_may_tell(*request.principal, event));
  SLIPWAY_CHECK(database.write([&](Transaction& t) { return apply(t, event); }));
  return std::string("{}");
}

// One transaction for all; where it fails, one for each, so that an event that is refused leaves the others.
std::vector<std::pair<std::size_t, Error>> keep_batch(Database& database,
                                                      const std::vector<Result<OpenLineageEvent>>& events) {
  std::vector<std::pair<std::size_t, Error>> failed;
  const Status all = database.write([&](Transaction& t) -> Status {
    for (const auto& event : events) {
      if (event) SLIPWAY_CHECK(apply(t, *event));
    }
    return {};
  });
  for (std::size_t i = 0; i < events.size(); ++i) {
    Status kept = events[i] ? Status() : fail(events[i].error());
    if (!all && events[i]) kept = database.write([&](Transaction& t) { return apply(t, *events[i]); });
    if (!kept) failed.emplace_back(i, kept.error());
  }
  return failed;
}

// Answers as the spec has it.
Result<std::string> accept_batch(Database& database, const HttpRequest& request) {
  SLIPWAY_TRY(auto events, parse_openlineage_batch(as_text(request.body)));
  for (auto& event : events) {
    const Status allowed = event ? check_may_tell(*request.principal, *event) : Status();
    if (!allowed) event = fail(allowed.error());
  }
  const auto failed = keep_batch(database, events);
  const auto is_retriable = [](const auto& one) { return one.second.code == Code::kUnavailable; };
  const auto retriable = static_cast<std::size_t>(std::count_if(failed.begin(), failed.end(), is_retriable));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("status").value(failed.empty() ? "success" : "partial_success");
  json.key("summary").begin_object().key("received").value(events.size());
  json.key("successful").value(events.size() - failed.size()).key("failed").value(failed.size());
  json.key("retriable").value(retriable).key("non_retriable").value(failed.size() - retriable).end_object();
  json.key("failed_events").begin_array();
  for (const auto& one : failed) {
    json.begin_object().key("index").value(one.first).key("reason").value(one.second.message);
    json.key("retriable").value(is_retriable(one)).end_object();
  }
  json.end_array().end_object();
  return body;
}

}  // namespace

void add_lineage_routes(Router& router, Database& database, const audit::AuditLog& log) {
  const auto add = [&](Method method, std::string pattern, Permission permission, std::uint64_t body_bytes_max,
                       WorkerHandler handler) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = permission,
                .body = body_bytes_max > 0 ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = body_bytes_max,
                .handler = std::move(handler)});
  };
  const std::string root = "/api/v1/lineage";
  add(Method::kPost, root, Permission::kRegister, kOpenLineageEventBytesMax,
      [&database](const HttpRequest& request) { return json_response(request, accept_event(database, request)); });
  add(Method::kPost, root + "/batch", Permission::kRegister, kOpenLineageBatchBytesMax,
      [&database](const HttpRequest& request) { return json_response(request, accept_batch(database, request)); });
  add(Method::kGet, root + "/graph", Permission::kReadMetadata, 0, [&database, &log](const HttpRequest& request) {
    return json_response(request, graph_of(database, log, request));
  });
  add(Method::kGet, root + "/nodes/{id}", Permission::kReadMetadata, 0,
      [&database](const HttpRequest& request) { return json_response(request, node_json(database, request)); });
}

}  // namespace slipway
