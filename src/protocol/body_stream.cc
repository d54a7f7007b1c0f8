#include "protocol/body_stream.h"

namespace slipway {

BodyStream::BodyStream(StreamedBody body, const ByteRange& range)
    : body_(std::move(body)), offset_(range.first), left_(range.length) {
  if (body_.sha256 && range.kind == ByteRange::Kind::kWhole) hasher_.emplace();
}

Status BodyStream::read(std::span<std::byte> into) {
  for (std::span<std::byte> space = into; !space.empty();) {
    SLIPWAY_TRY(const std::size_t size, body_.reader->read_at(offset_, space));
    if (size == 0) {
      return fail(Code::kDataLoss, "http.body_short",
                  "the stored bytes end at " + std::to_string(offset_) + ", " + std::to_string(left_) + " too early");
    }
    offset_ += size;
    left_ -= size;
    space = space.subspan(size);
  }
  if (!hasher_) return {};
  hasher_->update(into);
  if (left_ > 0) return {};
  const Digest found = hasher_->finish();
  if (found == *body_.sha256) return {};
  return fail(Code::kDataLoss, "http.body_changed",
              "the stored bytes have the SHA-256 " + found.hex() + ", expected was " + body_.sha256->hex());
}

}  // namespace slipway
