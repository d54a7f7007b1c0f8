#include "tracking/artifact_registrar.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/log.h"
#include "lineage/lineage_store.h"
#include "registry/transact.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

constexpr std::chrono::seconds kLease{600};  // more than a probe and a test suite may take
constexpr std::chrono::seconds kRetryDelay{5};
constexpr std::chrono::seconds kPollInterval{2};  // other servers and registrations of them
constexpr int kHopsMax = 8;
constexpr std::string_view kContractFile = "contract.yaml";

tl::unexpected<Error> invalid_source(std::string_view source, std::string_view why) {
  return fail(Code::kInvalidArgument, "registration.invalid_source",
              "Invalid model version source: " + slipway::quoted(source, 256) + ": " + std::string(why));
}

std::string joined(std::string folder, std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.empty() ? folder : folder.append("/").append(path);
}

// A folder of artifacts of this server; of none where `uri` is of another scheme.
Result<ArtifactSource> folder_source(std::string_view uri) {
  SLIPWAY_TRY(const auto folder, artifact_path_of(uri));
  if (!folder) return ArtifactSource{};
  constexpr std::string_view kVersions = "versions/";
  if (folder->starts_with(kVersions) && folder->find('/', kVersions.size()) == std::string::npos)
    return ArtifactSource{"", folder->substr(kVersions.size())};
  return ArtifactSource{*folder, ""};
}

Result<ArtifactSource> follow(Transaction& t, std::string_view source, int hops);

Result<ArtifactSource> version_source(Transaction& t, std::string_view source, std::string_view reference, int hops) {
  const std::size_t slash = reference.rfind('/');
  std::int64_t number = 0;
  if (slash != std::string_view::npos) {
    const std::string_view text = reference.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) number = 0;
  }
  if (number <= 0) return invalid_source(source, "expected is models:/NAME/NUMBER or models:/m-ID");
  SLIPWAY_TRY(const Registration registration, RegistrationStore().get(t, reference.substr(0, slash), number));
  const auto version = ModelStore().version_by_id(t, registration.id);
  if (version) return ArtifactSource{"", version->id};
  if (version.error().code != Code::kNotFound) return fail(version.error());
  return follow(t, registration.source, hops - 1);  // not made yet, or elsewhere
}

bool is_local(std::string_view source) noexcept {
  return source.starts_with("file:") || source.starts_with('/') || source.starts_with('\\');
}

// `hops`: how many references may still be followed. Models can be renamed, so they could go round.
Result<ArtifactSource> follow(Transaction& t, std::string_view source, int hops) {
  constexpr std::string_view kRuns = "runs:/";
  constexpr std::string_view kModels = "models:/";
  if (hops < 0) return invalid_source(source, "it is too many references away from its files");
  if (source.starts_with(kRuns)) {
    std::string_view rest = source.substr(kRuns.size());
    while (rest.starts_with('/')) rest.remove_prefix(1);
    const std::string_view run = rest.substr(0, rest.find('/'));
    SLIPWAY_TRY(const RunInfo info, RunStore().info(t, run));
    return folder_source(joined(info.artifact_uri, rest.substr(run.size())));
  }
  if (source.starts_with(kModels)) {
    std::string_view rest = source.substr(kModels.size());
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (!rest.starts_with("m-") || rest.find('/') != std::string_view::npos)
      return version_source(t, source, rest, hops);
    SLIPWAY_TRY(const LoggedModel model, LoggedModelStore().get(t, rest));
    return folder_source(model.artifact_uri);
  }
  if (is_local(source))
    return invalid_source(source, "it is a path of one machine; log the model to this server first");
  return folder_source(source);
}

bool may_come_back(Code code) noexcept {
  return code == Code::kUnavailable || code == Code::kAborted || code == Code::kResourceExhausted ||
         code == Code::kDeadlineExceeded;
}

const ManifestFile* only_onnx_file(const Manifest& manifest) noexcept {
  const ManifestFile* found = nullptr;
  for (const ManifestFile& file : manifest.files) {
    if (!file.path.ends_with(".onnx")) continue;
    if (found != nullptr) return nullptr;
    found = &file;
  }
  return found;
}

// Files that a client put beside the model take their part in the bundle.
void take_companions(Manifest& manifest) {
  const auto take = [&](std::string_view name, std::optional<std::string>& role) {
    for (const std::string& path : {std::string(name), "extra_files/" + std::string(name)}) {
      if (manifest.find(path) == nullptr) continue;
      role = path;
      return;
    }
  };
  take(kContractFile, manifest.contract);
  take("tests.json", manifest.tests);
  take("profile.json", manifest.profile);
  take("card.md", manifest.card);
}

}  // namespace

Result<ArtifactSource> find_source(Transaction& t, std::string_view source) { return follow(t, source, kHopsMax); }

Registrar::Registrar(RegistrarParts parts) : parts_(std::move(parts)), registrations_(parts_.clock) {}
Registrar::~Registrar() { stop(); }

void Registrar::start(unsigned threads) {
  const Status released =
      parts_.database.write([&](Transaction& t) { return registrations_.release(t, parts_.server); });
  if (!released) log::error("registration.release_failed", {{"message", released.error().message}});
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

void Registrar::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Registrar::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++notified_;
  }
  wake_.notify_one();
}

void Registrar::loop() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const std::uint64_t seen = notified_;
    lock.unlock();
    const Result<bool> worked = work();
    if (!worked) log::error("registration.failed", {{"message", worked.error().message}});
    lock.lock();
    if (worked && *worked) continue;
    wake_.wait_for(lock, kPollInterval, [&] { return is_stopping_ || notified_ != seen; });
  }
}

Result<bool> Registrar::work() {
  // A read first: writers wait for each other, and mostly there is nothing.
  SLIPWAY_TRY(const std::vector<Row> pending, in_read(parts_.database, [](Transaction& t) {
                return t.query("SELECT 1 FROM registrations WHERE status = 'PENDING_REGISTRATION' LIMIT 1");
              }));
  if (pending.empty()) return false;
  SLIPWAY_TRY(const std::optional<Registration> claimed, in_write(parts_.database, [&](Transaction& t) {
                return registrations_.claim(t, parts_.server, kLease);
              }));
  if (!claimed) return false;
  const Result<Version> version = make_version(*claimed);
  if (!version && may_come_back(version.error().code)) {
    log::error("registration.postponed", {{"model", claimed->model}, {"message", version.error().message}});
    SLIPWAY_CHECK(parts_.database.write(
        [&](Transaction& t) { return registrations_.postpone(t, *claimed, parts_.server, kRetryDelay); }));
    return true;
  }
  SLIPWAY_CHECK(parts_.database.write([&](Transaction& t) { return finish(t, *claimed, version); }));
  parts_.on_finish(*claimed, version);
  return true;
}

Status Registrar::finish(Transaction& t, const Registration& claimed, const Result<Version>& version) const {
  if (!version) {
    return registrations_.finish(t, claimed, parts_.server, RegistrationStatus::kFailed, version.error().message);
  }
  const bool has_failed = !version->checks_passed && version->state_reason.empty();
  return registrations_.finish(
      t, claimed, parts_.server, has_failed ? RegistrationStatus::kFailed : RegistrationStatus::kReady,
      has_failed ? "the model's own tests failed; its version stays a draft with their report" : version->state_reason);
}

Result<Version> Registrar::make_version(const Registration& registration) const {
  SLIPWAY_TRY(const PushRequest request, prepare(registration));
  SLIPWAY_TRY(PushOutcome outcome, parts_.push.run(request));
  return std::move(outcome.version);
}

Result<PushRequest> Registrar::prepare(const Registration& registration) const {
  SLIPWAY_TRY(const ArtifactSource source,
              in_read(parts_.database, [&](Transaction& t) { return find_source(t, registration.source); }));
  PushRequest request;
  request.model = registration.model;
  request.author = registration.author;
  request.description = registration.description;
  request.run = registration.run_id;
  request.reserved = ReservedVersion{registration.id, registration.number};
  if (!registration.semver.empty()) {
    SLIPWAY_TRY(request.semver, SemVer::parse(registration.semver));
  }
  if (!source.version_id.empty()) {
    SLIPWAY_TRY(const Version copied,
                in_read(parts_.database, [&](Transaction& t) { return models_.version_by_id(t, source.version_id); }));
    SLIPWAY_TRY(request.manifest, parts_.bundles.manifest(copied.digest));
    if (!copied.checks_passed) request.not_servable = copied.state_reason;
    return request;
  }
  SLIPWAY_TRY(request.manifest.files, files_of(registration, source));
  Manifest& manifest = request.manifest;
  take_companions(manifest);
  MlModel model;
  if (manifest.find(kMlModelFile) != nullptr) {
    SLIPWAY_TRY(const AlignedBytes bytes, parts_.bundles.load(manifest, kMlModelFile));
    SLIPWAY_TRY(model, parse_mlmodel(as_text(bytes.bytes())));
    manifest.model = model.onnx_file;
  } else if (const ManifestFile* const file = only_onnx_file(manifest)) {
    manifest.model = file->path;
  }
  if (manifest.model.empty()) {
    manifest.model = manifest.find(kMlModelFile) != nullptr ? std::string(kMlModelFile) : manifest.files.front().path;
    request.not_servable = model.flavors.empty()
                               ? std::string("not servable: there is neither an MLmodel file nor one ONNX file")
                               : not_servable_reason(model, registration.model, registration.number);
  } else {
    SLIPWAY_CHECK(add_contract(registration, model, manifest));
  }
  SLIPWAY_TRY(request.manifest, make_manifest(std::move(manifest)));
  return request;
}

// Relative to the source, sorted by path.
Result<std::vector<ManifestFile>> Registrar::files_of(const Registration& registration,
                                                      const ArtifactSource& source) const {
  SLIPWAY_TRY(const std::vector<Artifact> artifacts, in_read(parts_.database, [&](Transaction& t) {
                return artifacts_.files_below(t, source.folder, kBundleFilesMax);
              }));
  if (artifacts.empty()) {
    return fail(Code::kFailedPrecondition, "registration.no_files",
                "there are no files at " + slipway::quoted(registration.source, 256) +
                    "; log the model before it is registered");
  }
  std::vector<ManifestFile> files;
  for (const Artifact& artifact : artifacts)
    files.push_back({artifact.path.substr(source.folder.size() + 1), artifact.size_bytes, *artifact.digest});
  return files;
}

// What the signature says is compared with the graph in any case; it becomes the contract where none is given.
Status Registrar::add_contract(const Registration& registration, const MlModel& model, Manifest& manifest) const {
  if (model.signature_inputs.empty()) return {};
  SLIPWAY_TRY(const std::vector<SignatureField> fields, parse_signature(model.signature_inputs));
  SLIPWAY_TRY(const std::vector<GraphInput> inputs, parts_.read_graph(manifest, manifest.model));
  SLIPWAY_TRY(const std::string contract, contract_of_signature(registration.model, fields, inputs));
  if (manifest.contract) return {};
  const Digest digest = sha256(contract);
  SLIPWAY_CHECK(parts_.bundles.put_blob(as_bytes(contract), digest));
  manifest.files.push_back({std::string(kContractFile), contract.size(), digest});
  manifest.contract = kContractFile;
  return {};
}

}  // namespace slipway
