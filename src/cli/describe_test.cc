#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/verify_json.h"
#include "cli/audit_describe.h"
#include "cli/model_describe.h"
#include "cli/webhook_describe.h"

namespace slipway::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

boost::json::value parsed(const char* text) { return boost::json::parse(text); }

TEST(DescribeModels, IsATable) {
  EXPECT_EQ(
      describe_models(parsed(R"({"models":[{"name":"iris","versions":2,"latest":{"version":"1.1.0","state":"candidate",
      "created":"2026-11-24T22:27:32.000001Z"}},{"name":"empty","latest":null,"versions":0}]})")),
      "MODEL  LATEST  STATE      VERSIONS  CREATED\n"
      "iris   1.1.0   candidate  2         2026-11-24 22:27:32\n"
      "empty                     0\n");
}

TEST(DescribeModels, SaysWhatToDoWhenThereIsNone) {
  EXPECT_THAT(describe_models(parsed(R"({"models":[]})")), HasSubstr("slipway model push"));
}

TEST(DescribeVersion, ShowsApprovalsFilesAndWarnings) {
  const std::string text = describe_version(parsed(R"({"model":"iris","version":"1.0.0","number":1,"state":"approved",
      "digest":"9f2c","author":"ann","created":"2026-11-24T22:27:32Z","approvals_required":1,
      "approvals":[{"principal":"bob","decision":"approve","reason":"fine","time":"2026-11-24T23:00:00Z"}],
      "files":[{"path":"model.onnx","size":2048,"sha256":"abcd"}],"tests":{"passed":false,"checks":[{"kind":"case","name":"setosa","passed":false,"message":"",
      "mismatches":[{"output":"label","index":0,"expected":"setosa","found":"virginica"}]},
      {"kind":"metric","name":"accuracy","passed":true,"message":"","mismatches":[],"value":0.93421}]},
      "probe":{"run_us":5.678912,"load_ms":12.34567,"memory_peak_bytes":1572864,"parameters":1234567,
      "sandbox":{"seccomp":true},"warnings":["no card"]}})"));
  EXPECT_THAT(text, HasSubstr("iris@1.0.0"));
  EXPECT_THAT(text, HasSubstr("bob"));
  EXPECT_THAT(text, HasSubstr("2.0 KiB"));
  EXPECT_THAT(text, HasSubstr("case setosa"));
  EXPECT_THAT(text, HasSubstr("label[0] is virginica, expected setosa"));
  EXPECT_THAT(text, HasSubstr("0.934"));
  EXPECT_THAT(text, HasSubstr("run:          5.68 us"));
  EXPECT_THAT(text, HasSubstr("12.3 ms"));
  EXPECT_THAT(text, HasSubstr("1.5 MiB"));
  EXPECT_THAT(text, HasSubstr("1,234,567"));
  EXPECT_THAT(text, HasSubstr("seccomp yes"));
  EXPECT_THAT(text, HasSubstr("warning: no card"));
}

TEST(Describe, SurvivesAnythingAServerMaySend) {
  for (const char* text :
       {"null", "[]", "3", "{}", R"({"models":3,"versions":{},"approvals":[1,null],"files":[[]],"tests":[]})",
        R"({"model":{"x":1},"version":null,"records":[null],"fault":7,"warnings":[1,{}]})",
        R"({"events":[1,null],"secret":{},"webhooks":[3],"deliveries":[null],"log":[{"latency_ms":"x"}],"body":4})"}) {
    const auto value = parsed(text);
    describe_models(value);
    describe_model(value);
    describe_version(value);
    describe_pushed(value);
    describe_decision(value);
    describe_check(value);
    describe_records(value);
    describe_webhooks(value);
    describe_made_webhook(value);
    describe_removed_webhook(value);
    describe_trial(value);
    describe_deliveries(value);
    describe_delivery(value);
    describe_sent_again(value);
    describe_report(value);
    EXPECT_FALSE(is_sound_report(value)) << text;
  }
}

TEST(Describe, HostileNamesCannotSteerATerminal) {
  const auto value = parsed(
      R"({"model":"\u001b[2J","version":"\u009b1m","state":"\r","digest":"\u0007","probe":{"\u001b":"\u001b","warnings":["\u001b"]},
      "tests":{"checks":[{"name":"\u001b","message":"\u001b"}]}})");
  for (const std::string& text : {describe_version(value), describe_pushed(value), describe_decision(value)}) {
    for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  }
}

TEST(DescribeWebhook, ShowsANewSecretOnceAndFirst) {
  const char* const made = R"({"id":"w1","name":"ci","url":"https://example.org","events":["a.b","c.d"],"active":false,
      "secret":"5ec2e7"})";
  const std::string text = describe_made_webhook(parsed(made));
  EXPECT_TRUE(text.starts_with("5ec2e7\n\nThe secret")) << text;
  EXPECT_THAT(text, HasSubstr("a.b, c.d"));
  EXPECT_THAT(text, HasSubstr("off"));
  EXPECT_THAT(describe_webhook(parsed(made)), Not(HasSubstr("5ec2e7")));
}

TEST(DescribeDelivery, ShowsEachAttempt) {
  EXPECT_THAT(describe_delivery(parsed(R"({"id":"d1","event":"a.b","state":"dead","body":{"n":1},"log":[
      {"number":1,"started":"2026-11-24T22:27:32Z","latency_ms":1.5,"status":0,"error":"refused"},
      {"number":2,"started":"2026-11-24T22:27:33Z","latency_ms":2500.0,"status":500,"error":""}]})")),
              HasSubstr("\nATTEMPT  STARTED              TOOK    ANSWER  ERROR\n"
                        "1        2026-11-24 22:27:32  1.5 ms  none    refused\n"
                        "2        2026-11-24 22:27:33  2.5 s   500\n"));
  EXPECT_THAT(describe_deliveries(parsed(R"({"deliveries":[],"next_page_token":"t"})")), HasSubstr("--page t"));
}

TEST(DescribeCheck, CountsTheManifestApart) {
  EXPECT_EQ(describe_check(parsed(R"({"ok":true,"files":1,"digest":"9f2c"})")),
            "Every byte is as it was pushed: the manifest and 1 file, digest 9f2c.\n");
}

TEST(DescribeDecision, CountsApprovals) {
  EXPECT_THAT(describe_decision(parsed(R"({"model":"iris","version":"1.0.0","state":"candidate","approvals_required":2,
      "approvals":[{"decision":"approve","voided":null},{"decision":"approve","voided":"2026-11-24T22:27:32Z"}]})")),
              HasSubstr("1 of 2 approvals"));
}

TEST(DescribeReport, SaysWhereTheLogIsBroken) {
  audit::VerifyReport report;
  report.records = 7;
  EXPECT_TRUE(is_sound_report(parsed(audit::to_json(report).c_str())));
  report.fault = audit::Fault{"seg\"1", 99, 3, "hash differs"};
  const auto value = parsed(audit::to_json(report).c_str());
  EXPECT_FALSE(is_sound_report(value));
  EXPECT_THAT(describe_report(value), HasSubstr("NOT sound"));
  EXPECT_THAT(describe_report(value), HasSubstr("hash differs"));
  EXPECT_THAT(describe_report(value), HasSubstr("99"));
}

}  // namespace
}  // namespace slipway::cli
