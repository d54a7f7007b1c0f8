#include <string>
#include <string_view>

#include "registry/manifest.h"

namespace slipway {
namespace {

// RFC 8785 section 3.2.2.2. Not base/json_writer.h: these bytes are hashed, so their form is fixed here for good.
void append_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\t':
        out += "\\t";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\r':
        out += "\\r";
        continue;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20) {
      out += c;
      continue;
    }
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  out += '"';
}

void append_member(std::string& out, std::string_view key, const std::optional<std::string>& value) {
  if (!value) return;
  append_text(out, key);
  out += ':';
  append_text(out, *value);
  out += ',';
}

void append_files(std::string& out, const std::vector<ManifestFile>& files) {
  out += "\"files\":[";
  for (const ManifestFile& file : files) {
    out += "{\"path\":";
    append_text(out, file.path);
    out += ",\"sha256\":\"" + file.sha256.hex() + "\",\"size\":" + std::to_string(file.size_bytes) + "},";
  }
  out.back() = ']';  // precondition: there is a file
  out += ',';
}

void append_metadata(std::string& out, const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return;
  out += "\"metadata\":{";
  for (const auto& [key, value] : metadata) append_member(out, key, value);
  out.back() = '}';
  out += ',';
}

}  // namespace

std::string canonical_json(const Manifest& manifest) {
  std::string out = "{";
  append_member(out, "card", manifest.card);
  append_member(out, "contract", manifest.contract);
  append_files(out, manifest.files);
  out += "\"format\":1,";
  append_metadata(out, manifest.metadata);
  append_member(out, "model", manifest.model);
  append_member(out, "profile", manifest.profile);
  append_member(out, "runtime", manifest.runtime);
  append_member(out, "tests", manifest.tests);
  out.back() = '}';
  return out;
}

}  // namespace slipway
