#include "protocol/grpc/typed_contents.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "protocol/grpc/message_reader.h"

namespace slipway {
namespace {

// The fields of InferTensorContents. FP16 and BF16 have none.
constexpr std::uint32_t kNone = 0;

std::uint32_t field_of(DataType type) noexcept {
  switch (type) {
    case DataType::kBool:
      return 1;
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
      return 2;
    case DataType::kInt64:
      return 3;
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32:
      return 4;
    case DataType::kUint64:
      return 5;
    case DataType::kFp32:
      return 6;
    case DataType::kFp64:
      return 7;
    case DataType::kBytes:
      return 8;
    case DataType::kFp16:
    case DataType::kBf16:
      break;
  }
  return kNone;
}

class TypedContents {
 public:
  TypedContents(std::span<const std::byte> contents, std::size_t count, TensorView& tensor, Arena& arena)
      : contents_(contents), count_(count), tensor_(tensor), arena_(arena) {}

  // Numbers as varints. `convert` is bool(std::uint64_t, T&): false for what the datatype does not hold.
  template <typename T, typename Convert>
  Status read_varints(Convert convert) {
    const std::span<T> out = arena_.allocate_of<T>(count_);
    std::size_t bad = SIZE_MAX;
    SLIPWAY_CHECK(for_each_part([&](MessageReader& reader) {
      reader.varints([&](std::uint64_t value) {
        if (found_ < count_ && !convert(value, out[found_])) bad = std::min(bad, found_);
        ++found_;
      });
    }));
    if (bad != SIZE_MAX) {
      return fail(Code::kInvalidArgument, "infer.bad_element",
                  "input " + quoted(tensor_.name) + " element " + std::to_string(bad) + " is not in the range of " +
                      std::string(to_string(tensor_.type)));
    }
    tensor_.data = std::as_bytes(out);
    return {};
  }

  template <typename T>
  Status read_integers() {
    return read_varints<T>([](std::uint64_t value, T& out) {
      // The wire has negative numbers of 32 bits as 64 bits; of what is longer, protobuf takes the low half.
      using Wide =
          std::conditional_t<(sizeof(T) < 8), std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>, T>;
      const auto wide = static_cast<Wide>(value);
      if (!std::in_range<T>(wide)) return false;
      out = static_cast<T>(wide);
      return true;
    });
  }

  // In place where they came in one piece, as they do from every client seen.
  Status read_fixed(std::size_t width) {
    std::span<const std::byte> whole;
    std::span<std::byte> gathered;
    SLIPWAY_CHECK(for_each_part([&](MessageReader& reader) {
      const auto part = reader.fixed(width);
      const std::size_t offset = found_ * width;
      found_ += part.size() / width;
      if (offset == 0 && gathered.empty()) {
        whole = part;
        if (found_ >= count_) return;
      }
      if (found_ > count_ || part.empty()) return;
      if (gathered.empty()) gathered = arena_.allocate(count_ * width);
      std::copy(part.begin(), part.end(), gathered.begin() + static_cast<std::ptrdiff_t>(offset));
    }));
    tensor_.data = gathered.empty() ? whole : gathered;
    return {};
  }

  Status read_texts() {
    const std::span<std::string_view> out = arena_.allocate_of<std::string_view>(count_);
    SLIPWAY_CHECK(for_each_part([&](MessageReader& reader) {
      const std::string_view text = reader.text();
      if (found_ < count_) out[found_] = text;
      ++found_;
    }));
    tensor_.strings = out;
    return {};
  }

 private:
  template <typename Visit>
  Status for_each_part(Visit visit) {
    const std::uint32_t wanted = field_of(tensor_.type);
    MessageReader reader(contents_);
    while (reader.next()) {
      if (reader.field() != wanted) {
        return fail(Code::kInvalidArgument, "infer.data",
                    "input " + quoted(tensor_.name) + " has contents in a field that is not the one of " +
                        std::string(to_string(tensor_.type)));
      }
      visit(reader);
    }
    if (reader.has_failed()) {
      return fail(Code::kInvalidArgument, "infer.bad_message",
                  "the contents of input " + quoted(tensor_.name) + " are not such a message");
    }
    if (found_ == count_) return {};
    return fail(Code::kInvalidArgument, "infer.shape_mismatch",
                "input " + quoted(tensor_.name) + " has " + std::to_string(found_) +
                    " elements in its contents; its shape describes " + std::to_string(count_));
  }

  std::span<const std::byte> contents_;
  const std::size_t count_;
  TensorView& tensor_;
  Arena& arena_;
  std::size_t found_ = 0;
};

}  // namespace

Status read_typed_contents(std::span<const std::byte> contents, std::size_t count, std::uint64_t decoded_bytes_max,
                           TensorView& tensor, Arena& arena) {
  if (contents.empty() && count > 0) {
    return fail(Code::kInvalidArgument, "infer.data",
                "input " + quoted(tensor.name) + " has neither contents nor an entry of raw_input_contents");
  }
  // Refuses shapes that the bytes at hand cannot fill before memory is taken for them.
  const std::size_t size = tensor.type == DataType::kBytes ? sizeof(std::string_view) : element_size(tensor.type);
  if (count > contents.size() || count > decoded_bytes_max / size) {
    return fail(Code::kInvalidArgument, "infer.shape_mismatch",
                "input " + quoted(tensor.name) + ": its shape describes " + std::to_string(count) +
                    " elements, more than its contents have or than the limit allows");
  }
  TypedContents typed(contents, count, tensor, arena);
  switch (tensor.type) {
    case DataType::kBool:
      return typed.read_varints<std::uint8_t>([](std::uint64_t value, std::uint8_t& out) {
        out = value != 0 ? 1 : 0;
        return true;
      });
    case DataType::kInt8:
      return typed.read_integers<std::int8_t>();
    case DataType::kInt16:
      return typed.read_integers<std::int16_t>();
    case DataType::kInt32:
      return typed.read_integers<std::int32_t>();
    case DataType::kInt64:
      return typed.read_integers<std::int64_t>();
    case DataType::kUint8:
      return typed.read_integers<std::uint8_t>();
    case DataType::kUint16:
      return typed.read_integers<std::uint16_t>();
    case DataType::kUint32:
      return typed.read_integers<std::uint32_t>();
    case DataType::kUint64:
      return typed.read_integers<std::uint64_t>();
    case DataType::kFp32:
      return typed.read_fixed(4);
    case DataType::kFp64:
      return typed.read_fixed(8);
    case DataType::kBytes:
      return typed.read_texts();
    case DataType::kFp16:
    case DataType::kBf16:
      break;
  }
  return fail(Code::kInvalidArgument, "infer.data",
              "input " + quoted(tensor.name) + ": " + std::string(to_string(tensor.type)) +
                  " has no typed contents; send it in raw_input_contents");
}

}  // namespace slipway
