#include "storage/local_objects.h"
#include "storage/objects.h"
#include "storage/s3_objects.h"

namespace slipway {

Result<std::unique_ptr<ObjectStore>> open_object_store(const std::string& uri) {
  constexpr std::string_view kFile = "file://";
  const bool is_path = !uri.empty() && uri.find("://") == std::string::npos;
  if (is_path) return open_local_objects(uri);
  if (uri.starts_with(std::string(kFile) + "/")) return open_local_objects(uri.substr(kFile.size()));
  if (uri.starts_with("s3://")) return open_s3_objects(uri);
  // The URI is not shown: it may hold a key.
  return fail(Code::kInvalidArgument, "storage.uri",
              "the object store must be a directory, 'file:///DIRECTORY' or 's3://BUCKET/PREFIX'");
}

}  // namespace slipway
