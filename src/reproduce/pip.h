// pip as a program: what it prints is read, its Python interface is not used.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "reproduce/process.h"

namespace slipway::reproduce {

// The command line of a pip that installs for `python`: its own, or that of one of `others` with --python (pip 22.3
// on). Empty when there is none.
std::vector<std::string> find_pip(const std::string& python, const std::vector<std::string>& others);

// Whether a pip of this version knows --python. Pure.
bool installs_for_others(std::string_view version) noexcept;

// What stands in the way between the user's settings and a plain installation is taken out; indexes, proxies and
// certificates stay.
Environment pip_environment();

struct Archive {
  std::string file_name;
  Digest sha256;
};

struct IndexAnswer {
  std::map<std::string, Archive> archives;    // by package name
  std::map<std::string, std::string> failed;  // package name -> why
};

// Which archive pip would take now for each "name==version". Those that it cannot find are found out by halving.
Result<IndexAnswer> ask_index(const std::vector<std::string>& pip, const std::map<std::string, std::string>& versions);

// The archives of a `pip install --report` document (its version 1), by normalised name. Pure.
// unavailable "reproduce.pip".
Result<std::map<std::string, Archive>> read_pip_report(std::string_view json);

}  // namespace slipway::reproduce
