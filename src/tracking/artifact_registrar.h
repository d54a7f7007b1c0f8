// Makes versions of registrations, behind the client's back: the files at their source become a bundle, their signature
// a contract, and registry/push.h does what it does for every push.
//
// Restart-safe, and for several servers on one database: a registration is claimed by its row; what a server that was
// stopped had claimed is taken up by its next start, or by another when the claim runs out. One that fails for want of
// something that comes back (the database, the object store) is tried again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "registry/flavor.h"
#include "registry/push.h"
#include "registry/registration.h"
#include "registry/signature.h"
#include "tracking/artifact_store.h"

namespace slipway {

constexpr std::size_t kBundleFilesMax = kManifestFilesMax;

// Where the files of a source lie: a folder of artifacts, or a version whose bundle is taken as it is; neither where
// they are elsewhere ("s3://…").
struct ArtifactSource {
  std::string folder;
  std::string version_id;
  bool is_elsewhere() const noexcept { return folder.empty() && version_id.empty(); }
};

// "mlflow-artifacts:/…", "runs:/RUN/path", "models:/m-…", "models:/NAME/NUMBER". invalid_argument
// "registration.invalid_source" for files of the client's own machine; not_found where the run, the logged model or the
// version does not exist; the errors of artifact_path_of.
Result<ArtifactSource> find_source(Transaction& t, std::string_view source);

// What an ONNX file declares of its inputs, without loading it.
using GraphReader = std::function<Result<std::vector<GraphInput>>(const Manifest& files, const std::string& path)>;

struct RegistrarParts {
  Database& database;
  const BundleStore& bundles;
  const Push& push;
  GraphReader read_graph;
  std::string server;  // this one's name, the same after a restart
  // After each registration, on the registrar's thread: the version it became, or why it became none.
  std::function<void(const Registration&, const Result<Version>&)> on_finish;
  const Clock& clock = system_clock();
};

class Registrar {
 public:
  // `parts` outlive it.
  explicit Registrar(RegistrarParts parts);
  ~Registrar();
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  // Begins to work, with what was left over. Precondition: called once.
  void start(unsigned threads);
  // Ends after the registrations at hand.
  void stop();
  // There may be something to do. Thread-safe.
  void notify();

  // Works on one registration; false when there is none. For tests, and for the threads.
  Result<bool> work();

 private:
  void loop();
  // Whatever it came to, in one transaction with the edge from its run.
  Status finish(Transaction& t, const Registration& claimed, const Result<Version>& version) const;
  Result<Version> make_version(const Registration& registration) const;
  Result<PushRequest> prepare(const Registration& registration) const;
  Result<std::vector<ManifestFile>> files_of(const Registration& registration, const ArtifactSource& source) const;
  Status add_contract(const Registration& registration, const MlModel& model, Manifest& manifest) const;

  RegistrarParts parts_;
  RegistrationStore registrations_;
  ModelStore models_;
  ArtifactStore artifacts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t notified_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace slipway
