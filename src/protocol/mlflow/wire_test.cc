#include "protocol/mlflow/wire.h"

#include <cmath>
#include <gtest/gtest.h>

namespace slipway::mlflow {
namespace {

// Runs `handler` on a body, or on a query where `body` is empty.
HttpResponse ask(std::string_view body, const Handler& handler, std::string_view query = {}) {
  const simdjson::padded_string padded(body);
  HttpRequest request;
  request.body = std::as_bytes(std::span(padded.data(), padded.size()));
  request.query = query;
  return answer(request, handler);
}

// Checks inside a handler, which must have been reached.
void reading(std::string_view body, const std::function<void(const Arguments&)>& check, std::string_view query = {}) {
  bool is_reached = false;
  const HttpResponse response = ask(
      body,
      [&](const Arguments& arguments, const HttpRequest&) -> Result<std::string> {
        is_reached = true;
        check(arguments);
        return "";
      },
      query);
  EXPECT_TRUE(is_reached) << response.body;
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{}");
}

template <typename T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

TEST(Arguments, ComeFromAJsonBody) {
  reading(R"({"run_id": "ab", "unknown": {"x": [1]}, "step": 3, "is_on": true})", [](const Arguments& arguments) {
    EXPECT_EQ(*arguments.require_text("run_id"), "ab");
    EXPECT_EQ(*arguments.integer("step"), 3);
    EXPECT_EQ(*arguments.boolean("is_on"), true);
    EXPECT_EQ(*arguments.text("absent"), "");
    EXPECT_EQ(*arguments.optional_text("absent"), std::nullopt);
    EXPECT_EQ(*arguments.integer("absent"), std::nullopt);
    EXPECT_TRUE(arguments.texts("absent", 5)->empty());
    EXPECT_TRUE(arguments.objects("absent", 5)->empty());
    EXPECT_EQ(arguments.object("absent")->has_value(), false);
  });
}

TEST(Arguments, ComeFromABodyThatWasEncodedTwice) {
  reading(R"("{\"run_id\": \"a\\\"b\"}")",
          [](const Arguments& arguments) { EXPECT_EQ(*arguments.text("run_id"), "a\"b"); });
}

TEST(Arguments, ComeFromTheQueryOfAGet) {
  const char* const query = "run_ids=a&metric_key=l%C3%B6ss+1&run_ids=b%26c&max_results=25000&flag=True&&empty=";
  reading(
      "",
      [](const Arguments& arguments) {
        EXPECT_EQ(*arguments.texts("run_ids", 2), (std::vector<std::string>{"a", "b&c"}));
        EXPECT_EQ(*arguments.text("metric_key"), "löss 1");
        EXPECT_EQ(*arguments.integer("max_results"), 25000);
        EXPECT_EQ(*arguments.boolean("flag"), true);
        EXPECT_EQ(*arguments.optional_text("empty"), "");
        EXPECT_EQ(message_of(arguments.integer("metric_key")),
                  R"(Invalid value "löss 1" for parameter 'metric_key' supplied: an integer of 64 bits is expected)");
        EXPECT_FALSE(arguments.texts("run_ids", 1).has_value());
      },
      query);
}

TEST(Arguments, OfABrokenQueryAreRefused) {
  for (const char* query : {"a=%", "a=%zz", "a=%00", "a=%ff", "%=1"}) {
    EXPECT_EQ(ask(
                  "", [](const Arguments&, const HttpRequest&) { return Result<std::string>(""); }, query)
                  .status,
              400)
        << query;
  }
}

TEST(Arguments, NullIsAbsent) {
  reading(R"({"a": null, "list": null})", [](const Arguments& arguments) {
    EXPECT_FALSE(arguments.has("a"));
    EXPECT_EQ(*arguments.text("a"), "");
    EXPECT_EQ(*arguments.number("a"), std::nullopt);
    EXPECT_TRUE(arguments.texts("list", 1)->empty());
    EXPECT_EQ(message_of(arguments.require_text("a")), "Missing value for required parameter 'a'.");
  });
}

TEST(Arguments, RequiredTextsAreNotEmpty) {
  reading(R"({"key": ""})", [](const Arguments& arguments) {
    EXPECT_EQ(message_of(arguments.require_text("key")), "Missing value for required parameter 'key'.");
    EXPECT_EQ(message_of(arguments.require_integer("step")), "Missing value for required parameter 'step'.");
    EXPECT_EQ(message_of(arguments.require_number("value")), "Missing value for required parameter 'value'.");
  });
}

TEST(Arguments, IntegersMayBeTexts) {
  reading(R"({"a": "9223372036854775807", "b": -9223372036854775808, "c": 2.0, "d": "-1"})",
          [](const Arguments& arguments) {
            EXPECT_EQ(*arguments.integer("a"), std::numeric_limits<std::int64_t>::max());
            EXPECT_EQ(*arguments.integer("b"), std::numeric_limits<std::int64_t>::min());
            EXPECT_EQ(*arguments.integer("c"), 2);
            EXPECT_EQ(*arguments.integer("d"), -1);
          });
  for (const char* wrong :
       {"9223372036854775808", "1.5", "\"1.0\"", "\"x\"", "\"\"", "true", "[1]", "1e300", "\" 1\""}) {
    reading("{\"a\": " + std::string(wrong) + "}",
            [&](const Arguments& arguments) { EXPECT_FALSE(arguments.integer("a").has_value()) << wrong; });
  }
}

TEST(Arguments, NumbersMayBeTextsAndNotFinite) {
  reading(R"({"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": 1, "e": "0.25", "f": -1e-3})",
          [](const Arguments& arguments) {
            EXPECT_TRUE(std::isnan(**arguments.number("a")));
            EXPECT_EQ(*arguments.number("b"), std::numeric_limits<double>::infinity());
            EXPECT_EQ(*arguments.number("c"), -std::numeric_limits<double>::infinity());
            EXPECT_EQ(*arguments.number("d"), 1.0);
            EXPECT_EQ(*arguments.number("e"), 0.25);
            EXPECT_EQ(*arguments.number("f"), -1e-3);
          });
  for (const char* wrong : {"\"nan\"", "\"inf\"", "\"1x\"", "\"\"", "false", "{}", "\"1e999\""}) {
    reading("{\"a\": " + std::string(wrong) + "}",
            [&](const Arguments& arguments) { EXPECT_FALSE(arguments.number("a").has_value()) << wrong; });
  }
}

TEST(Arguments, ExperimentIdsMayBeNumbersAndOtherTextsNot) {
  reading(R"({"experiment_id": 12, "experiment_ids": [1, "2"], "name": 123})", [](const Arguments& arguments) {
    EXPECT_EQ(*arguments.text("experiment_id"), "12");
    EXPECT_EQ(*arguments.texts("experiment_ids", 2), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(message_of(arguments.text("name")),
              "Invalid value 123 for parameter 'name' supplied: a text is expected");
  });
}

TEST(Arguments, SayWhereTheyStand) {
  reading(R"({"metrics": [{"key": "a"}, {"key": 5, "tags": [{"value": [1, 2]}]}], "dataset": {"name": {}}})",
          [](const Arguments& arguments) {
            const auto metrics = *arguments.objects("metrics", 2);
            EXPECT_EQ(message_of(metrics[0].require_number("value")),
                      "Missing value for required parameter 'metrics[0].value'.");
            EXPECT_EQ(message_of(metrics[1].text("key")),
                      "Invalid value 5 for parameter 'metrics[1].key' supplied: a text is expected");
            EXPECT_EQ(message_of((*metrics[1].objects("tags", 1))[0].text("value")),
                      "Invalid value [1,2] for parameter 'metrics[1].tags[0].value' supplied: a text is expected");
            const auto dataset = **arguments.object("dataset");
            EXPECT_EQ(message_of(dataset.text("name")),
                      "Invalid value {} for parameter 'dataset.name' supplied: a text is expected");
            EXPECT_FALSE(arguments.objects("metrics", 1).has_value());
            EXPECT_FALSE(arguments.object("metrics").has_value());
            EXPECT_FALSE(arguments.objects("dataset", 9).has_value());
          });
}

TEST(Arguments, AreShownInShort) {
  const std::string body = R"({"a": [")" + std::string(255, 'x') + "ü" + std::string(5000, 'y') + R"("]})";
  reading(body, [](const Arguments& arguments) {
    const std::string message = message_of(arguments.text("a"));
    EXPECT_LT(message.size(), 400U);
    EXPECT_NE(message.find("…"), std::string::npos);
  });
}

TEST(Answer, RefusesWhatIsNoJsonObject) {
  for (const char* body : {"{", "[]", "1", "\"x\"", "\"[]\"", "{} {}", "nul", "{\"a\": \"\xff\"}", "\"\\\"{}\\\"\""}) {
    const HttpResponse response =
        ask(body, [](const Arguments&, const HttpRequest&) { return Result<std::string>("reached"); });
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_NE(response.body.find("\"error_code\":\"INVALID_PARAMETER_VALUE\""), std::string::npos) << response.body;
  }
}

TEST(Answer, IsWhatTheHandlerSays) {
  EXPECT_EQ(ask("{}", [](const Arguments&, const HttpRequest&) { return Result<std::string>("{\"a\":1}"); }).body,
            "{\"a\":1}");
  const HttpResponse refused = ask("{}", [](const Arguments&, const HttpRequest&) -> Result<std::string> {
    return fail(Code::kNotFound, "run.not_found", "No \"run\" here");
  });
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No \"run\" here"})");
}

TEST(Answer, ReadsBodiesThatAreLargerThanAKeptParser) {
  const std::string text(1 << 20, 'x');
  reading(R"({"a": ")" + text + R"("})", [&](const Arguments& arguments) { EXPECT_EQ(*arguments.text("a"), text); });
}

TEST(Number, IsWrittenAsProtobufDoes) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const double number : {1.5, std::nan(""), HUGE_VAL, -HUGE_VAL, 0.1}) write_number(json, number);
  json.end_array();
  EXPECT_EQ(out, R"([1.5,"NaN","Infinity","-Infinity",0.1])");
}

TEST(Route, IsServedUnderBothPrefixes) {
  Router router;
  add_route(router, Method::kPost, "runs/create", Permission::kReadMetadata,
            [](const Arguments&, const HttpRequest&) { return Result<std::string>(""); });
  for (const char* path : {"/api/2.0/mlflow/runs/create", "/ajax-api/2.0/mlflow/runs/create"}) {
    HttpRequest request;
    request.path = path;
    const auto match = router.match(Method::kPost, request);
    ASSERT_NE(match.route, nullptr) << path;
    EXPECT_EQ(match.route->body, BodyKind::kBuffered);
    EXPECT_EQ(match.route->body_bytes_max, kBodyBytesMax);
  }
}

}  // namespace
}  // namespace slipway::mlflow
