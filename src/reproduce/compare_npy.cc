// NumPy's .npy, versions 1 to 3 (numpy.lib.format): "\x93NUMPY", version, length of the header, the header as a Python
// dictionary, then the elements.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/tensor.h"
#include "reproduce/compare.h"

namespace slipway::reproduce {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kDimensionsMax = 64;

struct Array {
  std::string type;  // "<f8"
  bool is_fortran = false;
  std::vector<std::uint64_t> shape;
  std::string_view data;
};

// The text after "'key':" in the header, up to the next "," outside brackets.
std::string_view member_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find("'" + std::string(key) + "':");
  if (at == header.npos) return {};
  std::string_view text = header.substr(at + key.size() + 3);
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::size_t end = text.starts_with('(') ? text.find(')') + 1 : text.find_first_of(",}");
  return text.substr(0, end);
}

std::optional<std::vector<std::uint64_t>> read_shape(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  std::vector<std::uint64_t> shape;
  std::uint64_t number = 0;
  bool has_digit = false;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      if (number > (std::uint64_t{1} << 48)) return std::nullopt;
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
      has_digit = true;
    } else if (c == ',' || c == ')') {
      if (has_digit) shape.push_back(number);
      number = 0;
      has_digit = false;
    } else if (c != ' ') {
      return std::nullopt;
    }
  }
  if (shape.size() > kDimensionsMax) return std::nullopt;
  return shape;
}

std::optional<Array> read_array(std::string_view file) {
  if (!file.starts_with(kMagic) || file.size() < 12) return std::nullopt;
  const bool is_long = file[6] != 1;
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(file[at])); };
  const std::size_t begin = is_long ? 12 : 10;
  const std::size_t size = byte(8) | byte(9) << 8 | (is_long ? byte(10) << 16 | byte(11) << 24 : 0);
  if (size > file.size() - begin) return std::nullopt;
  const std::string_view header = file.substr(begin, size);
  Array array;
  const std::string_view type = member_of(header, "descr");
  if (type.size() < 4 || type.front() != '\'' || type.back() != '\'') return std::nullopt;  // a record type
  array.type = type.substr(1, type.size() - 2);
  array.is_fortran = member_of(header, "fortran_order") == "True";
  const auto shape = read_shape(member_of(header, "shape"));
  if (!shape) return std::nullopt;
  array.shape = *shape;
  array.data = file.substr(begin + size);
  return array;
}

template <typename T>
double read_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

double read_half(const char* at) {
  std::uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return static_cast<double>(half_to_float(half));
}

using Reader = double (*)(const char*);
struct Form {
  std::string_view type;
  std::size_t size_bytes;
  Reader read;
};
constexpr Form kForms[] = {
    {"<f8", 8, &read_as<double>},        {"<f4", 4, &read_as<float>},         {"<f2", 2, &read_half},
    {"<i8", 8, &read_as<std::int64_t>},  {"<i4", 4, &read_as<std::int32_t>},  {"<i2", 2, &read_as<std::int16_t>},
    {"|i1", 1, &read_as<std::int8_t>},   {"<u8", 8, &read_as<std::uint64_t>}, {"<u4", 4, &read_as<std::uint32_t>},
    {"<u2", 2, &read_as<std::uint16_t>}, {"|u1", 1, &read_as<std::uint8_t>},  {"|b1", 1, &read_as<std::uint8_t>}};

// "[2, 0]": the place of the n-th element in memory.
std::string place_of(std::uint64_t index, const Array& array) {
  std::vector<std::uint64_t> place(array.shape.size());
  for (std::size_t i = 0; i < place.size(); ++i) {
    const std::size_t dimension = array.is_fortran ? i : place.size() - 1 - i;
    place[dimension] = index % array.shape[dimension];
    index /= array.shape[dimension];
  }
  return fmt::format("[{}]", fmt::join(place, ", "));
}

void compare_elements(const Array& recorded, const Array& reproduced, const Form& form, const Bounds& bounds,
                      FormResult& result) {
  const std::size_t count = recorded.data.size() / form.size_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * form.size_bytes;
    result.numbers.look(form.read(recorded.data.data() + at), form.read(reproduced.data.data() + at), bounds,
                        [&] { return place_of(i, recorded); });
  }
}

bool is_complete(const Array& array, std::size_t element_bytes) {
  std::uint64_t count = 1;
  for (const std::uint64_t dimension : array.shape) {
    if (__builtin_mul_overflow(count, dimension, &count)) return false;
  }
  return !__builtin_mul_overflow(count, element_bytes, &count) && count == array.data.size();
}

}  // namespace

FormResult compare_npy(const std::string& path, std::string_view recorded, std::string_view reproduced,
                       const Tolerance& tolerance) {
  FormResult result;
  const auto left = read_array(recorded);
  const auto right = read_array(reproduced);
  if (!left || !right) {
    result.differs = !left ? "the recorded file is no array of numbers" : "it is no array of numbers any more";
    return result;
  }
  const auto* form =
      std::find_if(std::begin(kForms), std::end(kForms), [&](const Form& known) { return known.type == left->type; });
  if (left->type != right->type) {
    result.differs = fmt::format("its type {} became {}", slipway::quoted(left->type), slipway::quoted(right->type));
  } else if (left->shape != right->shape || left->is_fortran != right->is_fortran) {
    result.differs =
        fmt::format("its shape ({}) became ({})", fmt::join(left->shape, ", "), fmt::join(right->shape, ", "));
  } else if (form == std::end(kForms)) {
    result.differs = fmt::format("elements of type {} are not compared one by one", slipway::quoted(left->type));
  } else if (!is_complete(*left, form->size_bytes) || !is_complete(*right, form->size_bytes)) {
    result.differs = "it has not as many elements as its shape says";
  } else {
    compare_elements(*left, *right, *form, tolerance.at(path), result);
  }
  return result;
}

}  // namespace slipway::reproduce
