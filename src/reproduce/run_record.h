// run.json: everything that is known of one recorded run, but the files themselves. docs/reference/reproduction.md
// describes each member.
//
// Canonical form: one object without white space, members sorted by byte value, absent where they are empty; integers
// in decimal digits; real numbers in the shortest digits that read back the same; texts as UTF-8 with ", \ and
// characters below U+0020 escaped as \", \\, \n, \r, \t, else \u00xx. A document that says the same in other bytes is
// refused, so that one run has one digest: the SHA-256 of these bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "registry/manifest.h"
#include "reproduce/files.h"
#include "reproduce/machine.h"
#include "reproduce/tolerance.h"

namespace slipway::reproduce {

struct Stream {
  Digest sha256;
  std::uint64_t size_bytes = 0;
  std::string tail;  // the last 16 KiB at most, secrets taken out
  bool operator==(const Stream&) const = default;
};

// What arguments[0] is, and so where it is found again.
enum class Program {
  kInterpreter,  // the Python interpreter
  kScript,       // a program that a package installs beside the interpreter
  kRepository,   // a file of the repository
  kSystem,       // anything else on PATH
};
std::string_view to_string(Program program) noexcept;  // "interpreter", "script", "repository", "system"

struct Command {
  std::vector<std::string> arguments;
  std::string directory;  // relative to the repository; "": its root
  int exit_code = 0;
  Program program = Program::kSystem;
  bool operator==(const Command&) const = default;
};

// A Python package, as it can be installed again.
struct Package {
  std::string name;  // normalised (PEP 503)
  std::string version;
  std::optional<Digest> sha256;  // of the wheel or source archive; none: nothing proves that it is the same again
  std::string file;              // "wheels/x.whl" in the bundle; "": from an index
  std::string project;           // a folder of the repository that it was installed from; "." its root
  bool operator==(const Package&) const = default;
};

struct Python {
  std::string implementation;     // "cpython"
  std::string version;            // "3.11.7"
  std::vector<Package> packages;  // sorted by name
  bool operator==(const Python&) const = default;
};

struct Repository {
  std::string commit;  // 40 or 64 hexadecimal digits
  std::string path;    // on the machine that recorded
  std::string remote;  // without credentials; "": there is none
  bool operator==(const Repository&) const = default;
};

struct RunRecord {
  std::string id;
  std::string name;
  std::string started;  // RFC 3339
  std::string finished;
  Command command;
  Repository repository;
  std::optional<Python> python;
  std::map<std::string, std::string> variables;  // of the environment
  std::vector<std::string> secrets;              // names of variables that the command needs and nobody keeps
  std::map<std::string, std::string> seeds;      // variables, too
  Machine machine;
  std::vector<DataFile> inputs;
  std::vector<std::string> declared_outputs;  // files or folders
  std::vector<DataFile> outputs;
  std::map<std::string, double> metrics;
  Tolerance tolerance;
  Stream out;
  Stream err;
  std::vector<std::string> gaps;    // sentences: what could not be captured
  std::vector<ManifestFile> files;  // of the bundle, without run.json; sorted
  bool operator==(const RunRecord&) const = default;

  const ManifestFile* find_file(std::string_view path) const noexcept;
};

constexpr std::string_view kRunFile = "run.json";
constexpr std::string_view kChangesFile = "changes.diff";  // what was not committed
constexpr std::size_t kRunFileBytesMax = 16u << 20;
constexpr std::size_t kStreamTailBytesMax = 16u << 10;

// Where the bytes of a stored input or output stand in the bundle: "data/SHA256". Under their own names they could
// collide on another file system.
std::string stored_path(const DataFile& file);

std::string canonical_json(const RunRecord& record);

// Canonical bytes only; every path, digest, name and number checked. invalid_argument "reproduce.invalid",
// "reproduce.not_canonical", "manifest.invalid_path".
Result<RunRecord> parse_run_record(std::string_view json);

// The checks that parse_run_record makes beyond the form; for a record made here.
Status check_run_record(const RunRecord& record);

}  // namespace slipway::reproduce
