// What is kept of one prediction, one decision, or the refusals of one second, and the bytes that the log proves.
//
// A record holds no personal data: who asked is a principal's id, what was asked and answered are commitments (digests
// over salted bytes that are kept, and can be erased, elsewhere).
//
// The leaf, version 1. Integers are little endian. There is exactly one leaf for a record and one record for a leaf;
// the decoder refuses everything else.
//
//   byte 0        version, 1
//   byte 1        kind: 1 prediction, 2 decision, 3 refusal
//   bytes 2-3     flags: bit 0 outlier, bit 1 degraded, bit 2 shadow; the others are zero
//   byte 4        outcome: canonical code of gRPC, 0 to 16
//   byte 5        which digests follow: bit 0 bundle, bit 1 trace, bit 2 input, bit 3 output; the others are zero
//   bytes 6-7     HTTP status, 0 when there was none
//   bytes 8-15    time, microseconds since 1970 in UTC, signed
//   bytes 16-31   id of the request
//   bytes 32-35   latency in microseconds
//   then          action, principal, endpoint, model, version, arm: each one byte of length and UTF-8 text
//   then          details: two bytes of length and UTF-8 text
//   then          the digests announced in byte 5, in that order: 32 bytes, the trace id 16 bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/result.h"

namespace slipway::audit {

inline constexpr std::size_t kLeafBytesMax = 65'535;  // C2SP tlog-tiles: an entry's length is a uint16
inline constexpr std::size_t kTextBytesMax = 255;
inline constexpr std::size_t kDetailsBytesMax = 60'000;

// A refusal: requests that were turned away before they could become one of the others; details say how many.
enum class Kind : std::uint8_t { kPrediction = 1, kDecision = 2, kRefusal = 3 };
std::string_view to_string(Kind kind) noexcept;  // "prediction", "decision", "refusal"
std::optional<Kind> parse_kind(std::string_view text) noexcept;

using TraceId = std::array<std::uint8_t, 16>;  // W3C trace context

// Borrowed text: whoever owns the bytes (the request, the leaf it was decoded from) outlives the record.
struct Record {
  WallTime time{};
  Id id;
  Kind kind = Kind::kPrediction;
  Code outcome = Code::kOk;
  std::uint16_t http_status = 0;
  std::uint32_t latency_us = 0;
  bool is_outlier = false;
  bool is_degraded = false;
  bool is_shadow = false;
  std::string_view action;  // "predict", "model.push", "model.approve", "key.create"
  std::string_view principal;
  std::string_view endpoint;
  std::string_view model;
  std::string_view version;  // semantic version
  std::string_view arm;
  std::string_view details;  // one JSON value or empty: reason, approvals
  std::optional<Digest> bundle;
  std::optional<TraceId> trace;
  std::optional<Digest> input_commitment;
  std::optional<Digest> output_commitment;

  bool operator==(const Record&) const = default;
};

// Writes the leaf to the start of `out` and returns its size. Does not allocate unless it fails.
// invalid_argument "audit.record_invalid" names the field that is too long or no UTF-8; kLeafBytesMax always suffices.
Result<std::size_t> encode(const Record& record, std::span<std::byte> out);

// The inverse; the texts of the result point into `leaf`. data_loss "audit.leaf_invalid" for anything that encode()
// does not write.
Result<Record> decode(std::span<const std::byte> leaf);

// Where they stand in every leaf, for scans that need no more. Precondition: leaf.size() >= kLeafBytesMin.
inline constexpr std::size_t kLeafBytesMin = 36 + 6 + 2;
Id leaf_id(std::span<const std::byte> leaf) noexcept;
WallTime leaf_time(std::span<const std::byte> leaf) noexcept;

// One object: "index" first, absent fields left out, details as a string.
void write_json(JsonWriter& json, std::uint64_t index, const Record& record);
std::string to_json(std::uint64_t index, const Record& record);

}  // namespace slipway::audit
