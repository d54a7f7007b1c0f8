#include "serving/remote_target.h"

#include <algorithm>

#include "base/bytes.h"
#include "serving/duration.h"

namespace slipway {
namespace {

using yaml::Node;
using enum ValueKind;

constexpr std::size_t kNameBytesMax = 1'024;

constexpr KeyRule kSecretKeys[] = {{"file", kText}, {"environment", kText}, {"header", kText}};
constexpr Shape kSecret{kSecretKeys};
constexpr KeyRule kTargetKeys[] = {{"url", kText, nullptr, true},
                                   {"model", kText, nullptr, true},
                                   {"version", kText},
                                   {"timeout", kText},
                                   {"key", kMap, &kSecret}};

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

 private:
  void refuse(const Node& node, const std::string& key, std::string rule) {
    const std::string found = node.kind == Node::Kind::kScalar ? quoted(node.text) : "a list or map";
    problems_.add(problems_.reason("bad_value"), node.position, path_ + "." + key, found, std::move(rule));
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

constinit const Shape kRemoteTargetShape{kTargetKeys};

RemoteTarget read_remote_target(const yaml::Node& map, const std::string& path, Problems& problems) {
  return TargetReader(path, problems).read(map);
}

}  // namespace slipway
