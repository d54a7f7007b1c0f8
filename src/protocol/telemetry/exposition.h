// Metrics as text: Prometheus text format 0.0.4 and OpenMetrics 1.0.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace slipway {

enum class ExpositionFormat : std::uint8_t { kPrometheusText, kOpenMetrics };

// Chooses by an Accept header (RFC 9110, section 12.5.1, with quality values). OpenMetrics only if it is preferred by
// name; everything else, also an absent header, gets the Prometheus text.
ExpositionFormat choose_exposition(std::string_view accept) noexcept;

// For the Content-Type header.
std::string_view content_type(ExpositionFormat format) noexcept;

// Families keep their order. Names and labels are taken as checked (metrics::check); values and help texts are escaped.
std::string expose(std::span<const metrics::Family> families, ExpositionFormat format);

}  // namespace slipway
