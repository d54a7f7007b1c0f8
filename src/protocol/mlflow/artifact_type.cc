#include "protocol/mlflow/artifact_type.h"

#include <algorithm>
#include <array>

namespace slipway::mlflow {
namespace {

constexpr std::array<std::string_view, 25> kTexts = {
    "txt", "log", "err", "cfg", "conf", "cnf", "ini",     "properties", "toml", "yaml", "yml", "xml", "json",
    "js",  "py",  "csv", "tsv", "md",   "rst", "MLmodel", "MLproject",  "sql",  "sh",   "r",   "html"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"parquet", "application/vnd.apache.parquet"},
    {"wav", "audio/wav"},
    {"mp4", "video/mp4"},
}};

bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string content_type_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view extension = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (std::find(kTexts.begin(), kTexts.end(), extension) != kTexts.end()) return "text/plain";
  for (const auto& [known, type] : kTypes) {
    if (known == extension) return std::string(type);
  }
  return "application/octet-stream";
}

std::string content_disposition_of(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string ascii;
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_printable = byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
    ascii += is_printable ? c : '_';
    if (is_plain(c)) {
      encoded += c;
    } else {
      encoded.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  std::string header = "attachment; filename=\"" + ascii + '"';
  if (ascii != name) header += "; filename*=UTF-8''" + encoded;
  return header;
}

}  // namespace slipway::mlflow
