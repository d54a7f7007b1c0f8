// Whatever the bytes: a filter, an order and a page token end with values or with an error that says where, and what
// parses can be turned into a statement.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracking/search_entities.h"
#include "tracking/search_select.h"

namespace {

template <typename T>
bool is_explained(const slipway::Result<T>& result) {
  return result.has_value() || (result.error().code == slipway::Code::kInvalidArgument &&
                                !result.error().reason.empty() && !result.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const slipway::SearchEntity* entity :
       {&slipway::run_search_entity(), &slipway::experiment_search_entity(), &slipway::logged_model_search_entity()}) {
    const auto clauses = slipway::parse_search_filter(*entity, text);
    const std::string order(text);
    const auto orders = slipway::parse_search_order(*entity, std::span(&order, 1));
    if (!is_explained(clauses) || !is_explained(orders)) std::abort();
    slipway::SearchQuery query;
    query.orders = orders ? *orders : *slipway::parse_search_order(*entity, {});
    if (clauses) query.clauses = *clauses;
    const auto places = slipway::parse_search_token(entity->list, "", query.orders, text);
    if (!is_explained(places)) std::abort();
    slipway::SearchPart part;
    part.limit = 1;
    if (places) part.after = *places;
    const slipway::SearchStatement statement = slipway::select_rows(*entity, query, part);
    // Nothing of the text is in the statement: its quotes are ours.
    if (!query.clauses.empty() && statement.text().find(text) != std::string::npos) std::abort();
  }
  return 0;
}
