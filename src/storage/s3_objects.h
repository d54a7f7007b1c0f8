// Objects in a bucket of S3 or what speaks its protocol, over Arrow's S3FileSystem.
//
// An object becomes visible when its upload completes. finish() refuses a key that exists, yet two writers that finish
// at the same moment can both pass: Arrow sends no conditional request. Keys of blobs name their content's digest, so
// both then hold the same bytes.
#pragma once

#include <memory>
#include <string>

#include "storage/objects.h"

namespace slipway {

// `uri`: "s3://KEY:SECRET@BUCKET/PREFIX?region=…&scheme=http&endpoint_override=HOST:PORT"; without KEY:SECRET@ the
// credentials are those of the environment. The bucket must exist.
Result<std::unique_ptr<ObjectStore>> open_s3_objects(const std::string& uri);

}  // namespace slipway
