#include "protocol/body_intake.h"

#include <algorithm>
#include <cstring>

namespace slipway {
namespace {

constexpr std::size_t kGrowBytes = 16 * 1024;

void make_room(PaddedBuffer& out, std::size_t bytes) {
  if (out.space().size() >= bytes) return;
  out.reserve(std::max(out.size() + bytes, out.capacity() * 2));
}

}  // namespace

void BodyIntake::begin(const RequestHead& head, ContentCoding coding, std::uint64_t bytes_max, PaddedBuffer& out) {
  out_ = &out;
  bytes_max_ = bytes_max;
  decoded_ = 0;
  length_left_ = head.content_length.value_or(0);
  is_chunked_ = head.is_chunked;
  chunks_.reset();
  inflater_has_more_ = false;
  inflater_.reset();
  if (coding != ContentCoding::kIdentity && head.has_body()) inflater_.emplace(coding);
}

std::span<std::byte> BodyIntake::direct_space(std::size_t piece_max) {
  if (is_chunked_ || inflater_ || length_left_ == 0) return {};
  const std::size_t wanted = std::min<std::uint64_t>(length_left_, piece_max);
  out_->reserve(out_->size() + wanted);  // untouched pages cost nothing until the bytes arrive
  return out_->space().first(wanted);
}

void BodyIntake::received_direct(std::size_t bytes) noexcept {
  out_->added(bytes);
  decoded_ += bytes;
  length_left_ -= bytes;
}

HttpResult<std::size_t> BodyIntake::feed(std::string_view raw, std::size_t out_max, const HttpLimits& limits) {
  std::size_t used = 0;
  while (out_->size() < out_max) {
    if (inflater_has_more_) {
      if (auto more = decode({}, out_max); !more) return more;
      continue;
    }
    const std::string_view left = raw.substr(used);
    if (!is_chunked_) {
      const std::string_view data = left.substr(0, std::min<std::uint64_t>(length_left_, left.size()));
      if (data.empty()) break;
      auto decoded = decode(data, out_max);
      if (!decoded) return decoded;
      length_left_ -= *decoded;
      used += *decoded;
      continue;
    }
    auto step = chunks_.feed(left, limits);
    if (!step) return tl::unexpected(std::move(step).error());
    used += step->consumed;
    // A chunk's data is decoded whole: its window may pass out_max by what one read holds.
    std::string_view data = step->data;
    while (!data.empty()) {
      auto decoded = decode(data, std::numeric_limits<std::size_t>::max());
      if (!decoded) return decoded;
      data.remove_prefix(*decoded);
    }
    if (step->consumed == 0) break;
  }
  if (is_framing_complete() && inflater_ && !inflater_->is_complete() && !inflater_has_more_) {
    return http_fail(400, Code::kInvalidArgument, "http.bad_compression",
                     "the body ends before its compressed stream does");
  }
  return used;
}

HttpResult<std::size_t> BodyIntake::decode(std::string_view data, std::size_t out_max) {
  if (!inflater_) return append(data);
  std::size_t used = 0;
  do {
    make_room(*out_, kGrowBytes);
    const std::span<std::byte> window = out_->space();
    auto step = inflater_->inflate(data.substr(used), window);
    if (!step) return tl::unexpected(HttpFailure{400, std::move(step).error()});
    used += step->consumed;
    out_->added(step->produced);
    decoded_ += step->produced;
    if (decoded_ > bytes_max_) return too_large();
    inflater_has_more_ = step->produced == window.size();
    if (step->consumed == 0 && step->produced == 0) break;
  } while ((used < data.size() || inflater_has_more_) && out_->size() < out_max);
  return used;
}

HttpResult<std::size_t> BodyIntake::append(std::string_view data) {
  decoded_ += data.size();
  if (decoded_ > bytes_max_) return too_large();
  make_room(*out_, data.size());
  std::memcpy(out_->space().data(), data.data(), data.size());
  out_->added(data.size());
  return data.size();
}

bool BodyIntake::is_framing_complete() const noexcept {
  return is_chunked_ ? chunks_.is_complete() : length_left_ == 0;
}

bool BodyIntake::is_complete() const noexcept {
  return is_framing_complete() && (!inflater_ || (inflater_->is_complete() && !inflater_has_more_));
}

tl::unexpected<HttpFailure> BodyIntake::too_large() const {
  return http_fail(413, Code::kResourceExhausted, "http.body_too_large",
                   "the body is larger than " + std::to_string(bytes_max_) + " bytes" +
                       (inflater_ ? " when decompressed" : "") + ", the limit of this route");
}

}  // namespace slipway
