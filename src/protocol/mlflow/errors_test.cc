#include "protocol/mlflow/errors.h"

#include <gtest/gtest.h>

namespace slipway::mlflow {
namespace {

// Statuses after which an MLflow client asks again for minutes (mlflow/utils/request_utils.py).
bool is_asked_again(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

TEST(ErrorForm, OfACallersMistakeIsNeverAskedAgain) {
  for (const Code code : {Code::kInvalidArgument, Code::kNotFound, Code::kAlreadyExists, Code::kPermissionDenied,
                          Code::kFailedPrecondition, Code::kOutOfRange, Code::kUnauthenticated, Code::kUnimplemented}) {
    EXPECT_FALSE(is_asked_again(error_form(code).status)) << to_string(code);
  }
  for (const Code code : {Code::kResourceExhausted, Code::kAborted, Code::kUnavailable, Code::kInternal}) {
    EXPECT_TRUE(is_asked_again(error_form(code).status)) << to_string(code);
  }
}

// What clients branch on.
TEST(ErrorForm, HasTheNamesThatClientsKnow) {
  EXPECT_EQ(error_form(Code::kNotFound).error_code, "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(error_form(Code::kAlreadyExists).error_code, "RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(error_form(Code::kAlreadyExists).status, 400);
  EXPECT_EQ(error_form(Code::kUnimplemented).error_code, "NOT_IMPLEMENTED");
}

TEST(ErrorWriters, AreThoseOfTheirPrefixes) {
  Router router;
  add_error_writers(router);
  HttpRequest request;
  const auto refuse = [&](std::string_view path, Code code, int status) {
    return router.error_writer(path)({code, "a.reason", "why", {}}, request, status);
  };
  EXPECT_EQ(refuse("/api/2.0/mlflow/nothing", Code::kNotFound, 404).body,
            R"({"error_code":"ENDPOINT_NOT_FOUND","message":"why"})");
  EXPECT_EQ(refuse("/ajax-api/3.0/mlflow/x", Code::kUnimplemented, 405).body,
            R"({"error_code":"ENDPOINT_NOT_FOUND","message":"why"})");
  EXPECT_EQ(refuse("/api/3.0/mlflow/x", Code::kResourceExhausted, 413).body,
            R"({"error_code":"BAD_REQUEST","message":"why"})");
  const HttpResponse unauthenticated = refuse("/api/2.0/mlflow/x", Code::kUnauthenticated, 401);
  EXPECT_EQ(unauthenticated.body, R"({"error_code":"UNAUTHENTICATED","message":"why"})");
  ASSERT_EQ(unauthenticated.headers.size(), 1U);
  EXPECT_EQ(unauthenticated.headers[0].second, "Basic realm=\"slipway\", Bearer realm=\"slipway\"");
  request.path = "/api/3.0/mlflow/traces/search";
  const HttpResponse unsupported = refuse(request.path, Code::kNotFound, 404);
  EXPECT_EQ(unsupported.status, 501);
  EXPECT_TRUE(unsupported.body.starts_with(R"({"error_code":"NOT_IMPLEMENTED","message":"Traces )"));
  EXPECT_TRUE(refuse("/api/v1/models", Code::kNotFound, 404).body.starts_with(R"({"error":"why")"));
}

}  // namespace
}  // namespace slipway::mlflow
