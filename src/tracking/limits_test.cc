// The texts are those of the server of MLflow 3.17, which its clients' users know.
#include "tracking/limits.h"

#include <cmath>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace slipway {
namespace {

using testing::HasSubstr;

std::string message_of(const Status& status) {
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_EQ(status.error().reason, "tracking.invalid");
  return status.error().message;
}

Metric metric(std::string key, std::int64_t time_ms = 0) {
  Metric made;
  made.key = std::move(key);
  made.value = 1;
  made.time_ms = time_ms;
  return made;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Limits, KeysMayHaveLettersOfEveryScriptAndSomeSigns) {
  for (const char* const key : {"a", "train/loss", "größe", "日本", "a b:c-d_e.f", "a/.b", "a/...b", "a..b"}) {
    EXPECT_EQ(message_of(check_key(key, "name")), "") << key;
  }
  for (const char* const key : {"a\nb", "a\"b", "a;b", "a%b", "a\\b", "a\tb"}) {
    EXPECT_THAT(message_of(check_key(key, "name")), HasSubstr("Names may only contain")) << key;
  }
  EXPECT_THAT(message_of(check_key(std::string_view("a\0b", 3), "name")), HasSubstr("Names may only contain"));
}

TEST(Limits, KeysThatAreOtherPathsAreRefusedWithTheirPath) {
  EXPECT_EQ(message_of(check_key("a//b", "metrics[3].name")),
            "Invalid value \"a//b\" for parameter 'metrics[3].name' supplied: Names may be treated as files in certain "
            "cases, and must not resolve to other names when treated as such. This name would resolve to 'a/b'");
  for (const char* const key : {"", ".", "..", "/a", "a/", "a/./b", "a/../b", "../a", "..a", "a/.."}) {
    EXPECT_THAT(message_of(check_key(key, "key")), HasSubstr("must not resolve to other names")) << key;
  }
}

TEST(Limits, MetricsHaveATimeFrom1970On) {
  EXPECT_EQ(message_of(check_metric(metric("m"), "")), "");
  EXPECT_THAT(message_of(check_metric(metric("m", -5), "metrics[0]")),
              HasSubstr("Invalid value -5 for parameter 'metrics[0].timestamp' supplied: metric 'm' (value="));
}

TEST(Limits, LengthsCountCharacters) {
  EXPECT_EQ(message_of(check_metric(metric(repeat("ü", 250)), "")), "");
  EXPECT_EQ(message_of(check_metric(metric(repeat("ü", 251)), "")),
            "'Metric name' exceeds the maximum length of 250 characters");
  EXPECT_EQ(message_of(check_param({repeat("k", 251), ""}, "")),
            "'Param key' exceeds the maximum length of 250 characters");
  EXPECT_EQ(message_of(check_run_tag({repeat("k", 251), ""}, "tags[0]")),
            "'tags[0].key' exceeds the maximum length of 250 characters");
  EXPECT_EQ(message_of(check_experiment_tag({"k", repeat("v", 20'001)}, "")),
            "'value' exceeds the maximum length of 20000 characters");
  EXPECT_EQ(message_of(check_experiment_name(repeat("e", 501))), "'name' exceeds the maximum length of 500 characters");
  EXPECT_EQ(message_of(check_experiment_name("")), "Invalid experiment name: ''");
  EXPECT_EQ(message_of(check_param({"k", repeat("v", 7000)}, "")), "");
}

TEST(Limits, BatchesAreBounded) {
  const std::vector<Metric> metrics(1001, metric("m"));
  std::vector<KeyValue> params;
  for (int i = 0; i < 101; ++i) params.push_back({"p" + std::to_string(i), ""});
  const std::span<const KeyValue> hundred = std::span(params).first(100);
  EXPECT_EQ(
      message_of(check_batch(metrics, {}, {})),
      "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across "
      "multiple requests and try again.");
  EXPECT_THAT(message_of(check_batch({}, params, {})), HasSubstr("at most 100 params. Got 101 params."));
  EXPECT_THAT(message_of(check_batch({}, {}, params)), HasSubstr("at most 100 tags. Got 101 tags."));
  EXPECT_THAT(message_of(check_batch(std::span(metrics).first(801), hundred, hundred)),
              HasSubstr("at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags."));
  EXPECT_EQ(message_of(check_batch(std::span(metrics).first(800), hundred, hundred)), "");
}

TEST(Limits, ABatchNamesTheEntryAndTheKeysThatStandTwice) {
  const std::vector<KeyValue> tags{{"a", ""}, {"b/", ""}};
  EXPECT_THAT(message_of(check_batch({}, {}, tags)), HasSubstr("'tags[1].key'"));
  const std::vector<KeyValue> params{{"q", "1"}, {"a", "1"}, {"q", "1"}};
  EXPECT_EQ(message_of(check_batch({}, params, {})),
            "Duplicate parameter keys have been submitted: ['q']. Please ensure the request contains only one param "
            "value per param key.");
}

TEST(Limits, RunIdsAndModelNamesAreOfTheirAlphabets) {
  EXPECT_EQ(message_of(check_run_id("6a3777f3dd7c46529bac6e7330b1185a")), "");
  EXPECT_EQ(message_of(check_run_id("A_-")), "");
  EXPECT_EQ(message_of(check_run_id("../x")), "Invalid value \"../x\" for parameter 'run_id' supplied.");
  for (const std::string& id : {std::string(), std::string("-a"), std::string("a b"), repeat("a", 257)}) {
    EXPECT_NE(message_of(check_run_id(id)), "") << id;
  }
  EXPECT_EQ(message_of(check_logged_model_name("net 1")), "");
  for (const char* const name : {"", "a/b", "a:b", "a.b", "a%b", "a'b", "a\"b"}) {
    EXPECT_THAT(message_of(check_logged_model_name(name)), HasSubstr("Invalid model name")) << name;
  }
}

TEST(Cut, KeepsWholeCharacters) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut("äöü", 2), "äö");
  EXPECT_EQ(cut("🦆🦆", 1), "🦆");
  EXPECT_EQ(cut("abc", 0), "");
}

RC_GTEST_PROP(Cut, IsAPrefixThatIsShortEnoughAndCutNoFurther, (const std::vector<bool>& wide, std::uint8_t max)) {
  std::string text;
  for (const bool is_wide : wide) text += is_wide ? "ü" : "u";
  const std::string_view kept = cut(text, max);
  RC_ASSERT(text.starts_with(kept));
  RC_ASSERT(check_length("x", kept, max).has_value());
  RC_ASSERT(kept == cut(kept, max));
  RC_ASSERT((kept.size() == text.size()) == check_length("x", text, max).has_value());
}

}  // namespace
}  // namespace slipway
