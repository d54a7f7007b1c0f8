#include "protocol/content_coding.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <zlib.h>

namespace slipway {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip header"
constexpr int kZlibWindow = 15;
constexpr int kLevel = 1;  // responses are written once and read once: speed counts

int window_of(ContentCoding coding) noexcept { return coding == ContentCoding::kGzip ? kGzipWindow : kZlibWindow; }

bool equals_ignoring_case(std::string_view a, std::string_view lower_case) noexcept {
  return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// In thousandths (RFC 9110 section 12.4.2); what does not parse counts as 0.
int weight_of(std::string_view parameters) noexcept {
  parameters = trimmed(parameters);
  if (parameters.empty()) return 1000;
  if (parameters.size() < 3 || (parameters[0] != 'q' && parameters[0] != 'Q') || parameters[1] != '=') return 0;
  const std::string_view number = parameters.substr(2);
  if (number[0] == '1') return 1000;
  if (number[0] != '0') return 0;
  int weight = 0;
  int scale = 100;
  for (std::size_t i = 2; i < number.size() && i < 5; ++i, scale /= 10) {
    if (number[i] < '0' || number[i] > '9') return 0;
    weight += (number[i] - '0') * scale;
  }
  return weight;
}

uInt clamped(std::size_t size) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

Bytef* as_zlib(std::string_view text) noexcept { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

}  // namespace

std::string_view to_string(ContentCoding coding) noexcept {
  switch (coding) {
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kDeflate:
      return "deflate";
    case ContentCoding::kIdentity:
      break;
  }
  return "identity";
}

std::optional<ContentCoding> parse_content_coding(std::string_view value) noexcept {
  if (value.empty() || equals_ignoring_case(value, "identity")) return ContentCoding::kIdentity;
  if (equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip")) return ContentCoding::kGzip;
  if (equals_ignoring_case(value, "deflate")) return ContentCoding::kDeflate;
  return std::nullopt;
}

ContentCoding choose_coding(std::string_view accept_encoding) noexcept {
  int gzip = -1;
  int deflate = -1;
  int any = -1;
  while (!accept_encoding.empty()) {
    const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view name = trimmed(item.substr(0, semicolon));
    const int weight = weight_of(item.substr(std::min(semicolon + 1, item.size())));
    if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) gzip = weight;
    if (equals_ignoring_case(name, "deflate")) deflate = weight;
    if (name == "*") any = weight;
  }
  if (gzip < 0) gzip = std::max(any, 0);
  if (deflate < 0) deflate = std::max(any, 0);
  if (gzip == 0 && deflate == 0) return ContentCoding::kIdentity;
  return gzip >= deflate ? ContentCoding::kGzip : ContentCoding::kDeflate;
}

struct Inflater::Stream {
  z_stream zlib{};
  ~Stream() { inflateEnd(&zlib); }
};

Inflater::Inflater(ContentCoding coding) : stream_(std::make_unique<Stream>()) {
  assert(coding != ContentCoding::kIdentity);
  [[maybe_unused]] const int status = inflateInit2(&stream_->zlib, window_of(coding));
  assert(status == Z_OK);
}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Result<Inflater::Step> Inflater::inflate(std::string_view input, std::span<std::byte> output) {
  if (is_complete_) {
    if (input.empty()) return Step{};
    return fail(Code::kInvalidArgument, "http.bad_compression",
                "the body has bytes behind the end of its compressed stream");
  }
  z_stream& zlib = stream_->zlib;
  zlib.next_in = as_zlib(input);
  zlib.avail_in = clamped(input.size());
  zlib.next_out = reinterpret_cast<Bytef*>(output.data());
  zlib.avail_out = clamped(output.size());
  const uInt in_before = zlib.avail_in;
  const uInt out_before = zlib.avail_out;
  const int status = ::inflate(&zlib, Z_NO_FLUSH);
  if (status == Z_STREAM_END) {
    is_complete_ = true;
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    return fail(Code::kInvalidArgument, "http.bad_compression",
                std::string("the body is not what Content-Encoding says: ") +
                    (zlib.msg != nullptr ? zlib.msg : "broken stream"));
  }
  return Step{in_before - zlib.avail_in, out_before - zlib.avail_out};
}

std::optional<std::string> deflate(std::string_view body, ContentCoding coding) {
  if (body.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream zlib{};
  if (deflateInit2(&zlib, kLevel, Z_DEFLATED, window_of(coding), 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(body.size(), '\0');
  zlib.next_in = as_zlib(body);
  zlib.avail_in = static_cast<uInt>(body.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  const int status = ::deflate(&zlib, Z_FINISH);
  out.resize(out.size() - zlib.avail_out);
  deflateEnd(&zlib);
  if (status != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace slipway
