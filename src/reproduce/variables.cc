#include "reproduce/variables.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/bytes.h"
#include "reproduce/names.h"
#include "reproduce/redaction.h"

namespace slipway::reproduce {
namespace {

constexpr std::array<std::string_view, 34> kAlways = {"BLIS_NUM_THREADS",
                                                      "CUBLAS_WORKSPACE_CONFIG",
                                                      "CUDA_LAUNCH_BLOCKING",
                                                      "CUDA_VISIBLE_DEVICES",
                                                      "GOTO_NUM_THREADS",
                                                      "KMP_AFFINITY",
                                                      "KMP_DETERMINISTIC_REDUCTION",
                                                      "LANG",
                                                      "LC_ALL",
                                                      "LC_CTYPE",
                                                      "LC_NUMERIC",
                                                      "MKL_CBWR",
                                                      "MKL_DYNAMIC",
                                                      "MKL_NUM_THREADS",
                                                      "NUMBA_NUM_THREADS",
                                                      "NUMEXPR_NUM_THREADS",
                                                      "NVIDIA_TF32_OVERRIDE",
                                                      "OMP_DYNAMIC",
                                                      "OMP_NUM_THREADS",
                                                      "OMP_SCHEDULE",
                                                      "OPENBLAS_CORETYPE",
                                                      "OPENBLAS_NUM_THREADS",
                                                      "POLARS_MAX_THREADS",
                                                      "PYTHONOPTIMIZE",
                                                      "PYTHONPATH",
                                                      "PYTHONUTF8",
                                                      "RAYON_NUM_THREADS",
                                                      "TF_CUDNN_DETERMINISTIC",
                                                      "TF_DETERMINISTIC_OPS",
                                                      "TF_ENABLE_ONEDNN_OPTS",
                                                      "TF_NUM_INTEROP_THREADS",
                                                      "TF_NUM_INTRAOP_THREADS",
                                                      "TOKENIZERS_PARALLELISM",
                                                      "TZ"};

constexpr std::array<std::string_view, 9> kOfTheMachine = {
    "CUDA_HOME", "CUDA_PATH", "HOME", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "SSL_CERT_FILE", "TMPDIR", "USER"};

// PYTHONHASHSEED takes 32 bits.
constexpr std::uint64_t kHashSeedMask = 0xFFFFFFFF;

bool is_path_border(std::string_view text, std::size_t begin, std::size_t end) {
  const bool begins = begin == 0 || text[begin - 1] == '=' || text[begin - 1] == ':' || text[begin - 1] == ',';
  const bool ends = end == text.size() || text[end] == '/' || text[end] == ':' || text[end] == ',';
  return begins && ends;
}

}  // namespace

Result<ChosenVariables> choose_variables(const Environment& environment, const std::vector<std::string>& asked_for) {
  ChosenVariables chosen;
  for (const std::string_view name : kAlways) {
    const auto found = environment.find(std::string(name));
    if (found == environment.end()) continue;
    if (has_credentials(found->second) || !is_utf8(found->second)) {
      chosen.gaps.push_back(fmt::format("the variable {} is not captured: it holds a password or is no text", name));
    } else {
      chosen.values.insert(*found);
    }
  }
  for (const std::string& name : asked_for) {
    const auto found = environment.find(name);
    if (!is_settable_variable(name) || found == environment.end() || !is_utf8(found->second)) {
      return fail(Code::kInvalidArgument, "reproduce.variable",
                  fmt::format("--env {}: there is no such variable, or it cannot be set again", name));
    }
    if (is_secret_name(name) || has_credentials(found->second)) {
      return fail(
          Code::kInvalidArgument, "reproduce.secret",
          fmt::format("--env {} looks like a secret, and a bundle is kept for long; name it with --secret, then "
                      "only its name is kept",
                      name));
    }
    chosen.values.insert(*found);
  }
  return chosen;
}

std::map<std::string, std::string> choose_seeds(const Environment& environment, std::optional<std::uint64_t> seed) {
  std::map<std::string, std::string> seeds;
  const auto set = environment.find("PYTHONHASHSEED");
  const bool is_fixed = set != environment.end() && !set->second.empty() &&
                        set->second.find_first_not_of("0123456789") == std::string::npos;
  seeds["PYTHONHASHSEED"] = is_fixed ? set->second : std::to_string(seed.value_or(0) & kHashSeedMask);
  if (seed) seeds["SLIPWAY_SEED"] = std::to_string(*seed);
  return seeds;
}

std::vector<std::string> secret_values(const Environment& environment) {
  std::vector<std::string> values;
  for (const auto& [name, value] : environment) {
    if (is_secret_name(name)) values.push_back(value);
  }
  return values;
}

Environment machine_variables(const Environment& environment) {
  Environment kept;
  for (const std::string_view name : kOfTheMachine) {
    if (const auto found = environment.find(std::string(name)); found != environment.end()) kept.insert(*found);
  }
  return kept;
}

std::string with_path_replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find(from); at != text.npos && !from.empty(); at = text.find(from, at + 1)) {
    if (at < done || !is_path_border(text, at, at + from.size())) continue;
    result.append(text.substr(done, at - done)).append(to);
    done = at + from.size();
  }
  return result.append(text.substr(done));
}

}  // namespace slipway::reproduce
