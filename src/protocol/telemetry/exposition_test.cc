#include "protocol/telemetry/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using metrics::Family;
using metrics::Sample;
using metrics::Type;
using enum ExpositionFormat;

std::vector<Family> example() {
  metrics::Distribution distribution;
  distribution.bounds = {0.005, 1};
  distribution.bucket_counts = {2, 1, 1};
  distribution.count = 4;
  distribution.sum = 3.25;
  return {{"slipway_requests_total",
           "Requests \"answered\".\nBy code\\class.",
           Type::kCounter,
           {"model", "code"},
           {Sample{{"ir\"is\\\n", "200"}, 7, {}}}},
          {"slipway_run_seconds", "Run time.", Type::kHistogram, {"model"}, {Sample{{"iris"}, 0, distribution}}},
          {"slipway_models", "Models.", Type::kGauge, {}, {Sample{{}, 1e20, {}}}}};
}

TEST(Exposition, WritesPrometheusText) {
  EXPECT_EQ(expose(example(), kPrometheusText),
            R"(# HELP slipway_requests_total Requests "answered".\nBy code\\class.
# TYPE slipway_requests_total counter
slipway_requests_total{model="ir\"is\\\n",code="200"} 7
# HELP slipway_run_seconds Run time.
# TYPE slipway_run_seconds histogram
slipway_run_seconds_bucket{model="iris",le="0.005"} 2
slipway_run_seconds_bucket{model="iris",le="1"} 3
slipway_run_seconds_bucket{model="iris",le="+Inf"} 4
slipway_run_seconds_sum{model="iris"} 3.25
slipway_run_seconds_count{model="iris"} 4
# HELP slipway_models Models.
# TYPE slipway_models gauge
slipway_models 1e+20
)");
}

TEST(Exposition, WritesOpenMetrics) {
  EXPECT_EQ(expose(example(), kOpenMetrics),
            R"(# HELP slipway_requests Requests \"answered\".\nBy code\\class.
# TYPE slipway_requests counter
slipway_requests_total{model="ir\"is\\\n",code="200"} 7
# HELP slipway_run_seconds Run time.
# TYPE slipway_run_seconds histogram
# UNIT slipway_run_seconds seconds
slipway_run_seconds_bucket{model="iris",le="0.005"} 2
slipway_run_seconds_bucket{model="iris",le="1.0"} 3
slipway_run_seconds_bucket{model="iris",le="+Inf"} 4
slipway_run_seconds_sum{model="iris"} 3.25
slipway_run_seconds_count{model="iris"} 4
# HELP slipway_models Models.
# TYPE slipway_models gauge
slipway_models 1e+20
# EOF
)");
}

TEST(Exposition, EmptyIsStillComplete) {
  EXPECT_EQ(expose({}, kPrometheusText), "");
  EXPECT_EQ(expose({}, kOpenMetrics), "# EOF\n");
}

TEST(Exposition, ChoosesByAcceptHeader) {
  EXPECT_EQ(choose_exposition(""), kPrometheusText);
  EXPECT_EQ(choose_exposition("*/*"), kPrometheusText);
  EXPECT_EQ(choose_exposition("text/plain"), kPrometheusText);
  EXPECT_EQ(choose_exposition("application/openmetrics-text"), kOpenMetrics);
  EXPECT_EQ(choose_exposition("Application/OpenMetrics-Text; version=1.0.0"), kOpenMetrics);
  // What Prometheus 2.x sends.
  EXPECT_EQ(
      choose_exposition("application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;"
                        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
      kOpenMetrics);
  EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0.3, text/plain;q=0.9"), kPrometheusText);
  EXPECT_EQ(choose_exposition("application/openmetrics-text;q=0"), kPrometheusText);
  EXPECT_EQ(choose_exposition(",;,q=,application/openmetrics-text;q=x"), kPrometheusText);
}

TEST(Exposition, NamesItsContentType) {
  EXPECT_EQ(content_type(kPrometheusText), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(content_type(kOpenMetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace slipway
