// Objects in a local directory, over POSIX.
//
// Not over Arrow's LocalFileSystem: it cannot sync a file or a directory, nor give a file its name only if the name is
// free, and an object must survive a power cut once finish() said so, and be written once among processes.
//
// ROOT/objects/KEY holds an object, ROOT/tmp/ID one being written. A writer holds a lock on its file in tmp; what no
// process holds was left by one that died, and is removed when a store is opened.
#pragma once

#include <memory>
#include <string>

#include "storage/objects.h"

namespace slipway {

// Makes the directory where it is absent (its parent must exist).
Result<std::unique_ptr<ObjectStore>> open_local_objects(const std::string& directory);

}  // namespace slipway
