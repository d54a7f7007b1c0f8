#include "audit/record.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace slipway::audit {
namespace {

static_assert(std::endian::native == std::endian::little, "leaves are copied as little endian integers");

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 36;
constexpr std::uint8_t kCodeMax = 16;

enum FlagBit : std::uint16_t { kOutlier = 1, kDegraded = 2, kShadow = 4, kFlagsKnown = 7 };
enum DigestBit : std::uint8_t { kBundle = 1, kTrace = 2, kInput = 4, kOutput = 8, kDigestsKnown = 15 };

// The six short texts, in the order of the leaf.
constexpr std::array<std::pair<std::string_view, std::string_view Record::*>, 6> kTexts{{
    {"action", &Record::action},
    {"principal", &Record::principal},
    {"endpoint", &Record::endpoint},
    {"model", &Record::model},
    {"version", &Record::version},
    {"arm", &Record::arm},
}};

template <typename T>
void put(std::byte*& at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

void put_bytes(std::byte*& at, const void* from, std::size_t size) noexcept {
  if (size != 0) std::memcpy(at, from, size);
  at += size;
}

template <typename T>
T load(std::span<const std::byte> leaf, std::size_t offset) noexcept {
  T value;
  std::memcpy(&value, leaf.data() + offset, sizeof value);
  return value;
}

bool is_text(std::string_view text) noexcept {
  std::uint64_t high = 0;  // ASCII, the common case, eight bytes at a time
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    high |= word;
  }
  for (; left > 0; --left, ++at) high |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at));
  return (high & 0x8080808080808080U) == 0 || is_utf8(text);
}

Error invalid(std::string_view field, std::string found, std::string_view accepted) {
  return Error{Code::kInvalidArgument,
               "audit.record_invalid",
               "record field '" + std::string(field) + "' is " + found + "; accepted: " + std::string(accepted),
               {ErrorDetail{std::string(field), -1, std::move(found), std::string(accepted)}}};
}

tl::unexpected<Error> refused(std::string_view why) {
  return fail(Code::kDataLoss, "audit.leaf_invalid", "not the leaf of a record: " + std::string(why));
}

bool is_encodable(const Record& record) noexcept {
  bool is_right = record.details.size() <= kDetailsBytesMax && is_text(record.details);
  for (const auto& [name, field] : kTexts) {
    const std::string_view text = record.*field;
    is_right = is_right && text.size() <= kTextBytesMax && is_text(text);
  }
  return is_right;
}

// Precondition: !is_encodable(record).
Error what_is_wrong(const Record& record) {
  const auto judge = [](std::string_view name, std::string_view text, std::size_t bytes_max) -> std::optional<Error> {
    if (text.size() > bytes_max) {
      return invalid(name, std::to_string(text.size()) + " bytes", "at most " + std::to_string(bytes_max));
    }
    if (!is_text(text)) return invalid(name, quoted(text), "UTF-8 text");
    return std::nullopt;
  };
  for (const auto& [name, field] : kTexts) {
    if (auto error = judge(name, record.*field, kTextBytesMax)) return *std::move(error);
  }
  auto error = judge("details", record.details, kDetailsBytesMax);
  assert(error.has_value());
  return *std::move(error);
}

std::size_t encoded_size(const Record& record) noexcept {
  std::size_t size = kLeafBytesMin + record.details.size();
  for (const auto& [name, field] : kTexts) size += (record.*field).size();
  size += (record.bundle ? 32U : 0U) + (record.trace ? 16U : 0U) + (record.input_commitment ? 32U : 0U) +
          (record.output_commitment ? 32U : 0U);
  return size;
}

Id make_id(const std::byte* bytes) noexcept {
  static_assert(sizeof(Id) == 16 && std::is_trivially_copyable_v<Id>);
  return std::bit_cast<Id>(*reinterpret_cast<const std::array<std::byte, 16>*>(bytes));
}

// Reads a leaf front to back; a read past its end makes everything after it fail.
class LeafReader {
 public:
  explicit LeafReader(std::span<const std::byte> rest) : rest_(rest) {}

  std::span<const std::byte> take(std::size_t size) noexcept {
    if (size > rest_.size()) {
      is_short_ = true;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <typename Length>
  std::string_view text() noexcept {
    const auto length = take(sizeof(Length));
    if (is_short_) return {};
    return as_text(take(load<Length>(length, 0)));
  }
  template <typename T>
  std::optional<T> bytes(bool is_present) noexcept {
    if (!is_present) return std::nullopt;
    const auto taken = take(sizeof(T));
    if (is_short_) return std::nullopt;
    return load<T>(taken, 0);
  }
  bool is_exhausted() const noexcept { return !is_short_ && rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool is_short_ = false;
};

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::kPrediction:
      return "prediction";
    case Kind::kDecision:
      return "decision";
    case Kind::kRefusal:
      return "refusal";
  }
  return "";
}

std::optional<Kind> parse_kind(std::string_view text) noexcept {
  for (const Kind kind : {Kind::kPrediction, Kind::kDecision, Kind::kRefusal}) {
    if (text == to_string(kind)) return kind;
  }
  return std::nullopt;
}

Result<std::size_t> encode(const Record& record, std::span<std::byte> out) {
  if (!is_encodable(record)) return fail(what_is_wrong(record));
  const std::size_t size = encoded_size(record);
  if (out.size() < size) {
    return fail(invalid("leaf", std::to_string(size) + " bytes", "at most " + std::to_string(out.size())));
  }
  std::byte* at = out.data();
  put(at, kVersion);
  put(at, record.kind);
  put(at, static_cast<std::uint16_t>((record.is_outlier ? kOutlier : 0) | (record.is_degraded ? kDegraded : 0) |
                                     (record.is_shadow ? kShadow : 0)));
  put(at, record.outcome);
  put(at, static_cast<std::uint8_t>((record.bundle ? kBundle : 0) | (record.trace ? kTrace : 0) |
                                    (record.input_commitment ? kInput : 0) | (record.output_commitment ? kOutput : 0)));
  put(at, record.http_status);
  put(at, static_cast<std::int64_t>(record.time.time_since_epoch().count()));
  put(at, record.id.bytes());
  put(at, record.latency_us);
  for (const auto& [name, field] : kTexts) {
    const std::string_view text = record.*field;
    put(at, static_cast<std::uint8_t>(text.size()));
    put_bytes(at, text.data(), text.size());
  }
  put(at, static_cast<std::uint16_t>(record.details.size()));
  put_bytes(at, record.details.data(), record.details.size());
  if (record.bundle) put(at, record.bundle->bytes);
  if (record.trace) put(at, *record.trace);
  if (record.input_commitment) put(at, record.input_commitment->bytes);
  if (record.output_commitment) put(at, record.output_commitment->bytes);
  assert(at == out.data() + size);
  return size;
}

Result<Record> decode(std::span<const std::byte> leaf) {
  if (leaf.size() < kLeafBytesMin || leaf.size() > kLeafBytesMax) return refused("its size");
  const auto kind = load<std::uint8_t>(leaf, 1);
  const auto flags = load<std::uint16_t>(leaf, 2);
  const auto outcome = load<std::uint8_t>(leaf, 4);
  const auto digests = load<std::uint8_t>(leaf, 5);
  if (load<std::uint8_t>(leaf, 0) != kVersion) return refused("its version is unknown");
  if (kind < 1 || kind > 3) return refused("its kind is unknown");
  if ((flags & ~kFlagsKnown) != 0 || (digests & ~kDigestsKnown) != 0) return refused("a flag is unknown");
  if (outcome > kCodeMax) return refused("its outcome is unknown");

  Record record;
  record.kind = static_cast<Kind>(kind);
  record.is_outlier = (flags & kOutlier) != 0;
  record.is_degraded = (flags & kDegraded) != 0;
  record.is_shadow = (flags & kShadow) != 0;
  record.outcome = static_cast<Code>(outcome);
  record.http_status = load<std::uint16_t>(leaf, 6);
  record.time = leaf_time(leaf);
  record.id = leaf_id(leaf);
  record.latency_us = load<std::uint32_t>(leaf, 32);
  LeafReader reader(leaf.subspan(kHeaderBytes));
  for (const auto& [name, field] : kTexts) record.*field = reader.text<std::uint8_t>();
  record.details = reader.text<std::uint16_t>();
  record.bundle = reader.bytes<Digest>((digests & kBundle) != 0);
  record.trace = reader.bytes<TraceId>((digests & kTrace) != 0);
  record.input_commitment = reader.bytes<Digest>((digests & kInput) != 0);
  record.output_commitment = reader.bytes<Digest>((digests & kOutput) != 0);
  if (!reader.is_exhausted()) return refused("its fields do not fill it");
  if (record.details.size() > kDetailsBytesMax) return refused("its details are too long");
  for (const auto& [name, field] : kTexts) {
    if (!is_text(record.*field)) return refused("a text is not UTF-8");
  }
  if (!is_text(record.details)) return refused("its details are not UTF-8");
  return record;
}

Id leaf_id(std::span<const std::byte> leaf) noexcept {
  assert(leaf.size() >= kLeafBytesMin);
  return make_id(leaf.data() + 16);
}

WallTime leaf_time(std::span<const std::byte> leaf) noexcept {
  assert(leaf.size() >= kLeafBytesMin);
  return WallTime{std::chrono::microseconds{load<std::int64_t>(leaf, 8)}};
}

void write_json(JsonWriter& json, std::uint64_t index, const Record& record) {
  json.begin_object().key("index").value(index);
  json.key("time").value(format_time(record.time)).key("request_id").value(record.id.to_string());
  json.key("kind").value(to_string(record.kind));
  for (const auto& [name, field] : kTexts) {
    if (!(record.*field).empty()) json.key(name).value(record.*field);
  }
  json.key("outcome").value(to_string(record.outcome));
  if (record.http_status != 0) json.key("http_status").value(record.http_status);
  json.key("latency_us").value(record.latency_us);
  if (record.is_outlier) json.key("outlier").value(true);
  if (record.is_degraded) json.key("degraded").value(true);
  if (record.is_shadow) json.key("shadow").value(true);
  if (record.bundle) json.key("bundle").value(record.bundle->hex());
  if (record.trace) json.key("trace_id").value(to_hex(*record.trace));
  if (record.input_commitment) json.key("input_commitment").value(record.input_commitment->hex());
  if (record.output_commitment) json.key("output_commitment").value(record.output_commitment->hex());
  // As text, not embedded: the log keeps what it was given and does not vouch for its being JSON.
  if (!record.details.empty()) json.key("details").value(record.details);
  json.end_object();
}

std::string to_json(std::uint64_t index, const Record& record) {
  std::string text;
  JsonWriter json(text);
  write_json(json, index, record);
  return text;
}

}  // namespace slipway::audit
