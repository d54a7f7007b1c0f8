#include "protocol/mlflow/unsupported.h"

#include <gtest/gtest.h>

namespace slipway::mlflow {
namespace {

TEST(UnsupportedCall, IsTheFamilyAndAllBelowIt) {
  for (const char* path :
       {"/api/3.0/mlflow/traces", "/api/2.0/mlflow/traces/tr-1/info", "/ajax-api/3.0/mlflow/gateway/endpoints/list",
        "/api/3.0/mlflow/workspaces/default", "/v1/traces", "/graphql", "/ajax-api/3.0/jobs/7",
        "/api/2.0/mlflow-artifacts/presigned/a/b"}) {
    EXPECT_FALSE(unsupported_call(path).empty()) << path;
  }
}

TEST(UnsupportedCall, IsNoOtherPath) {
  for (const char* path : {"/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/tracesx", "/api/2.0/mlflow/nothing",
                           "/api/4.0/mlflow/traces", "/mlflow/traces", "", "/", "/v1/tracesx", "/api/2.0/"}) {
    EXPECT_TRUE(unsupported_call(path).empty()) << path;
  }
}

}  // namespace
}  // namespace slipway::mlflow
