// The names of a model's classes, for the classification extension.
#pragma once

#include <string>
#include <vector>

#include "registry/manifest.h"

namespace slipway {

// What the manifest's metadata has under "labels": a JSON array of texts, as in ["setosa","versicolor"]. Empty without,
// and when it is anything else: a version that was approved is not refused for it.
std::vector<std::string> class_labels(const Manifest& manifest);

}  // namespace slipway
