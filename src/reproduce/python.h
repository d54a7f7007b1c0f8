// The Python side of a run: which interpreter a command uses, which packages it has, and the same again elsewhere.
// Packages are named and installed by pip; nothing is read from its caches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "reproduce/process.h"
#include "reproduce/run_record.h"

namespace slipway::reproduce {

// The interpreter in the first line of a script ("#!/venv/bin/python", "#!/usr/bin/env python3"), or the program itself
// when its name is python, python3, python3.11, …; "" when it is no Python program.
std::string interpreter_of(const std::string& program, const std::string& search_path);

// A package as it is installed now.
struct InstalledPackage {
  std::string name;
  std::string version;
  std::string tags;         // of its wheel, separated by spaces
  std::string archive_url;  // "file:///…/x.whl": it was installed from there, and not from an index
  std::string sha256;       // of that archive, when it is certain
  std::string project;      // the folder that it was installed from, absolute
  bool is_from_version_control = false;
};

struct Interpreter {
  std::string executable;
  std::string base;  // the interpreter that a virtual environment stands on; itself otherwise
  std::string implementation;
  std::string version;
  std::string programs;  // the folder where packages install programs
  std::vector<InstalledPackage> packages;
};

// failed_precondition "reproduce.no_interpreter". `repository`: packages that are found in it are projects.
Result<Interpreter> ask_interpreter(const std::string& executable, const std::string& repository,
                                    const Environment& environment);

struct Lock {
  std::vector<Package> packages;                // sorted by name
  std::map<std::string, std::string> archives;  // bundle path -> path on this machine
  std::vector<std::string> gaps;
};

// Asks the index for the digest of each archive (`pip install --dry-run --report`). A package whose digest cannot be
// had stands in the lock without one, and in the gaps with the reason; without the network, all that come from an
// index.
Result<Lock> lock_packages(const Interpreter& interpreter, const std::string& repository, bool may_use_network);

// An interpreter of the same implementation and version: `preferred` when given, else those on PATH and those of pyenv
// and uv. One of the same minor version ("3.11") is taken where there is no better. failed_precondition
// "reproduce.no_interpreter".
Result<Interpreter> find_interpreter(const Python& python, const std::string& preferred);

struct InstallSettings {
  std::string environment;  // to be made
  std::string bundle;
  std::string repository;  // the fresh work tree, for projects
  bool may_use_network = true;
  std::chrono::milliseconds timeout{0};
};

// A virtual environment with exactly these packages: those with a digest by `pip install --require-hashes`.
// failed_precondition "reproduce.not_installable".
Status make_environment(const Interpreter& interpreter, const Python& python, const InstallSettings& settings);

}  // namespace slipway::reproduce
