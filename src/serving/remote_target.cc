#include "serving/remote_target.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/number.h"
#include "serving/duration.h"

namespace slipway {
namespace {

using yaml::Node;
using enum ValueKind;

constexpr std::size_t kNameBytesMax = 1'024;

constexpr KeyRule kSecretKeys[] = {{"file", kText}, {"environment", kText}, {"header", kText}};
constexpr Shape kSecret{kSecretKeys};
constexpr KeyRule kTensorKeys[] = {
    {"name", kText, nullptr, true}, {"datatype", kText, nullptr, true}, {"shape", kTextList, nullptr, true}};
constexpr Shape kTensor{kTensorKeys};
// The last two: of a description alone.
constexpr KeyRule kDescriptionKeys[] = {{"url", kText, nullptr, true},
                                        {"model", kText, nullptr, true},
                                        {"version", kText},
                                        {"timeout", kText},
                                        {"key", kMap, &kSecret},
                                        {"inputs", kMapList, &kTensor},
                                        {"outputs", kMapList, &kTensor}};
constexpr Shape kDescription{kDescriptionKeys};
constexpr std::size_t kTensorsMax = 256;
constexpr std::size_t kRankMax = 32;

const Node* present(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  return value == nullptr || value->kind == Node::Kind::kNull ? nullptr : value;
}

bool is_all(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

class TargetReader {
 public:
  TargetReader(const std::string& path, Problems& problems) : path_(path), problems_(problems) {}

  RemoteTarget read(const Node& map) {
    RemoteTarget target;
    target.url = map.find("url")->text;
    if (!target.url.starts_with("http://") && !target.url.starts_with("https://")) {
      refuse(*map.find("url"), "url", "must begin with http:// or https://, and is what stands before /v2");
    }
    while (target.url.ends_with('/')) target.url.pop_back();
    target.model = read_name(*map.find("model"), "model");
    if (const Node* node = present(map, "version")) target.version = read_name(*node, "version");
    if (const Node* node = present(map, "timeout")) {
      target.timeout = parse_duration(node->text);
      if (!target.timeout) refuse(*node, "timeout", std::string(kDurationRule));
    }
    if (const Node* node = present(map, "key")) target.key = read_key(*node);
    return target;
  }

  std::vector<TensorSpec> read_tensors(const Node& list, const std::string& key) {
    std::vector<TensorSpec> tensors;
    if (list.items.size() > kTensorsMax) refuse(list, key, "must have at most 256 tensors");
    for (std::size_t i = 0; i < list.items.size() && i < kTensorsMax; ++i) {
      TensorSpec tensor = read_tensor(*list.items[i], key + "[" + std::to_string(i) + "]");
      const bool is_known = std::any_of(tensors.begin(), tensors.end(),
                                        [&](const TensorSpec& other) { return other.name == tensor.name; });
      if (is_known) refuse(*list.items[i], key, "must name each tensor once");
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

 private:
  TensorSpec read_tensor(const Node& map, const std::string& place) {
    TensorSpec tensor;
    tensor.name = read_name(*map.find("name"), place + ".name");
    const auto type = parse_data_type(map.find("datatype")->text);
    if (!type) {
      refuse(*map.find("datatype"), place + ".datatype",
             "must be BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 or BYTES");
    }
    tensor.type = type.value_or(DataType::kFp32);
    const Node& shape = *map.find("shape");
    if (shape.items.size() > kRankMax) refuse(shape, place + ".shape", "must have at most 32 dimensions");
    for (const Node* item : shape.items) {
      const std::optional<Number> number = Number::parse(item->text);
      const bool is_dimension = number && number->is_whole() && number->to_double() >= -1 && number->to_double() < 1e15;
      if (!is_dimension) refuse(*item, place + ".shape", "must be whole numbers, -1 for a variable dimension");
      tensor.shape.push_back(is_dimension ? static_cast<std::int64_t>(number->floor()) : -1);
    }
    return tensor;
  }

  void refuse(const Node& node, const std::string& key, std::string rule) {
    const std::string found = node.kind == Node::Kind::kScalar ? quoted(node.text) : "a list or map";
    const std::string place = path_.empty() ? key : path_ + "." + key;
    problems_.add(problems_.reason("bad_value"), node.position, place, found, std::move(rule));
  }

  std::string read_name(const Node& node, const std::string& key) {
    if (node.text.empty() || node.text.size() > kNameBytesMax) refuse(node, key, "must have 1 to 1024 bytes");
    return node.text;
  }

  RemoteKey read_key(const Node& map) {
    RemoteKey key;
    const Node* file = present(map, "file");
    const Node* environment = present(map, "environment");
    if ((file == nullptr) == (environment == nullptr)) {
      refuse(map, "key", "must have exactly one of file and environment");
      return key;
    }
    if (file != nullptr) {
      key.name = file->text;
      if (key.name.empty() || key.name.front() == '.' || key.name.size() > 255 || !is_all(key.name, "._-")) {
        refuse(*file, "key.file",
               "must be a name in the server's directory of secrets: letters, digits, '.', '_', '-'");
      }
    } else {
      key.source = RemoteKey::Source::kEnvironment;
      key.name = environment->text;
      if (!key.name.starts_with(kRemoteKeyPrefix) || key.name.size() > 255 || !is_all(key.name, "_")) {
        refuse(*environment, "key.environment", "must begin with " + std::string(kRemoteKeyPrefix));
      }
    }
    if (const Node* header = present(map, "header")) {
      key.header = header->text;
      std::transform(key.header.begin(), key.header.end(), key.header.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
      if (key.header != "authorization" && (!key.header.starts_with("x-") || !is_all(key.header, "-_"))) {
        refuse(*header, "key.header", "must be authorization, or begin with x-");
      }
    }
    return key;
  }

  const std::string& path_;
  Problems& problems_;
};

}  // namespace

constinit const Shape kRemoteTargetShape{std::span(kDescriptionKeys).first<5>()};

Result<RemoteDescription> parse_remote_description(std::string_view text) {
  SLIPWAY_TRY(const yaml::Document document, yaml::Document::parse(text, {.subject = "remote"}));
  const Node& root = document.root();
  Problems problems("remote");
  check_shape(root, kDescription, "", problems);
  if (!problems.is_empty()) return fail(problems.to_error());
  const std::string path;
  TargetReader reader(path, problems);
  RemoteDescription description{.target = reader.read(root), .inputs = {}, .outputs = {}};
  if (const Node* inputs = present(root, "inputs")) description.inputs = reader.read_tensors(*inputs, "inputs");
  if (const Node* outputs = present(root, "outputs")) description.outputs = reader.read_tensors(*outputs, "outputs");
  if (!problems.is_empty()) return fail(problems.to_error());
  return description;
}

RemoteTarget read_remote_target(const yaml::Node& map, const std::string& path, Problems& problems) {
  return TargetReader(path, problems).read(map);
}

}  // namespace slipway
