#include "data/odcs_shapes.h"

namespace slipway::odcs {
namespace {

using enum ValueKind;

extern const Shape kProperty;

constexpr KeyRule kCustomPropertyKeys[] = {{"property", kText, nullptr, true}, {"value", kAny}, {"description", kText}};
constexpr Shape kCustomProperty{kCustomPropertyKeys};

constexpr KeyRule kDefinitionKeys[] = {
    {"url", kText, nullptr, true}, {"type", kText, nullptr, true}, {"description", kText}};
constexpr Shape kDefinition{kDefinitionKeys};

constexpr KeyRule kDescriptionKeys[] = {{"usage", kText},
                                        {"purpose", kText},
                                        {"limitations", kText},
                                        {"authoritativeDefinitions", kMapList, &kDefinition},
                                        {"customProperties", kMapList, &kCustomProperty}};
constexpr Shape kDescription{kDescriptionKeys};

constexpr KeyRule kRoleKeys[] = {
    {"role", kText, nullptr, true}, {"description", kText},          {"access", kText},
    {"firstLevelApprovers", kText}, {"secondLevelApprovers", kText}, {"customProperties", kMapList, &kCustomProperty}};
constexpr Shape kRole{kRoleKeys};

// Each type of server has keys of its own; none of them concerns the data, so they are kept as they are.
constexpr KeyRule kServerKeys[] = {{"server", kText, nullptr, true}, {"type", kText, nullptr, true},
                                   {"description", kText},           {"environment", kText},
                                   {"roles", kMapList, &kRole},      {"customProperties", kMapList, &kCustomProperty}};
constexpr Shape kServer{kServerKeys, true};

constexpr KeyRule kSupportKeys[] = {{"channel", kText, nullptr, true},
                                    {"url", kText},
                                    {"description", kText},
                                    {"tool", kText},
                                    {"scope", kText},
                                    {"invitationUrl", kText},
                                    {"customProperties", kMapList, &kCustomProperty}};
constexpr Shape kSupport{kSupportKeys};

constexpr KeyRule kPriceKeys[] = {{"priceAmount", kNumber}, {"priceCurrency", kText}, {"priceUnit", kText}};
constexpr Shape kPrice{kPriceKeys};

constexpr KeyRule kMemberKeys[] = {{"username", kText, nullptr, true},
                                   {"name", kText},
                                   {"description", kText},
                                   {"role", kText},
                                   {"dateIn", kText},
                                   {"dateOut", kText},
                                   {"replacedByUsername", kText},
                                   {"tags", kTextList},
                                   {"customProperties", kMapList, &kCustomProperty},
                                   {"authoritativeDefinitions", kMapList, &kDefinition}};
constexpr Shape kMember{kMemberKeys};

constexpr KeyRule kTeamKeys[] = {{"name", kText},
                                 {"description", kText},
                                 {"members", kMapList, &kMember},
                                 {"tags", kTextList},
                                 {"customProperties", kMapList, &kCustomProperty},
                                 {"authoritativeDefinitions", kMapList, &kDefinition}};
constexpr Shape kTeam{kTeamKeys};

constexpr KeyRule kServiceLevelKeys[] = {{"property", kText, nullptr, true},
                                         {"value", kAny, nullptr, true},
                                         {"valueExt", kAny},
                                         {"unit", kText},
                                         {"element", kText},
                                         {"driver", kText},
                                         {"description", kText},
                                         {"scheduler", kText},
                                         {"schedule", kText}};
constexpr Shape kServiceLevel{kServiceLevelKeys};

constexpr KeyRule kRelationshipKeys[] = {
    {"type", kText}, {"from", kAny}, {"to", kAny, nullptr, true}, {"customProperties", kMapList, &kCustomProperty}};
constexpr Shape kRelationship{kRelationshipKeys};

constexpr KeyRule kArgumentKeys[] = {
    {"missingValues", kAny}, {"validValues", kAny}, {"pattern", kText}, {"properties", kTextList}};
constexpr Shape kArguments{kArgumentKeys};

constexpr KeyRule kQualityKeys[] = {{"type", kText},
                                    {"metric", kText},
                                    {"rule", kText},
                                    {"arguments", kMap, &kArguments},
                                    {"mustBe", kAny},
                                    {"mustNotBe", kAny},
                                    {"mustBeGreaterThan", kNumber},
                                    {"mustBeGreaterOrEqualTo", kNumber},
                                    {"mustBeLessThan", kNumber},
                                    {"mustBeLessOrEqualTo", kNumber},
                                    {"mustBeBetween", kNumberPair},
                                    {"mustNotBeBetween", kNumberPair},
                                    {"unit", kText},
                                    {"query", kText},
                                    {"engine", kText},
                                    {"implementation", kAny},
                                    {"name", kText},
                                    {"description", kText},
                                    {"dimension", kText},
                                    {"method", kText},
                                    {"severity", kText},
                                    {"businessImpact", kText},
                                    {"schedule", kText},
                                    {"scheduler", kText},
                                    {"tags", kTextList},
                                    {"customProperties", kMapList, &kCustomProperty},
                                    {"authoritativeDefinitions", kMapList, &kDefinition}};
constexpr Shape kQuality{kQualityKeys};

const KeyRule kPropertyKeys[] = {{"name", kText, nullptr, true},
                                 {"logicalType", kText},
                                 {"logicalTypeOptions", kAny},  // checked by logical type
                                 {"required", kBoolean},
                                 {"unique", kBoolean},
                                 {"primaryKey", kBoolean},
                                 {"primaryKeyPosition", kInteger},
                                 {"quality", kMapList, &kQuality},
                                 {"customProperties", kMapList, &kCustomProperty},
                                 {"description", kText},
                                 {"businessName", kText},
                                 {"physicalName", kText},
                                 {"physicalType", kText},
                                 {"partitioned", kBoolean},
                                 {"partitionKeyPosition", kInteger},
                                 {"classification", kText},
                                 {"encryptedName", kText},
                                 {"transformSourceObjects", kTextList},
                                 {"transformLogic", kText},
                                 {"transformDescription", kText},
                                 {"examples", kAny},
                                 {"criticalDataElement", kBoolean},
                                 {"relationships", kMapList, &kRelationship},
                                 {"tags", kTextList},
                                 {"authoritativeDefinitions", kMapList, &kDefinition},
                                 {"properties", kMapList, &kProperty},
                                 {"items", kAny}};
const Shape kProperty{kPropertyKeys};

const KeyRule kObjectKeys[] = {{"name", kText, nullptr, true},
                               {"logicalType", kText},
                               {"physicalName", kText},
                               {"physicalType", kText},
                               {"description", kText},
                               {"businessName", kText},
                               {"dataGranularityDescription", kText},
                               {"properties", kMapList, &kProperty},
                               {"relationships", kMapList, &kRelationship},
                               {"quality", kMapList, &kQuality},
                               {"tags", kTextList},
                               {"authoritativeDefinitions", kMapList, &kDefinition},
                               {"customProperties", kMapList, &kCustomProperty}};
const Shape kObject{kObjectKeys};

const KeyRule kContractKeys[] = {{"apiVersion", kText, nullptr, true},
                                 {"kind", kText, nullptr, true},
                                 {"id", kText, nullptr, true},
                                 {"version", kText, nullptr, true},
                                 {"status", kText, nullptr, true},
                                 {"name", kText},
                                 {"tenant", kText},
                                 {"tags", kTextList},
                                 {"servers", kMapList, &kServer},
                                 {"dataProduct", kText},
                                 {"description", kMap, &kDescription},
                                 {"domain", kText},
                                 {"schema", kMapList, &kObject},
                                 {"support", kMapList, &kSupport},
                                 {"price", kMap, &kPrice},
                                 {"team", kMapOrList, &kTeam, false, &kMember},
                                 {"roles", kMapList, &kRole},
                                 {"slaDefaultElement", kText},
                                 {"slaProperties", kMapList, &kServiceLevel},
                                 {"authoritativeDefinitions", kMapList, &kDefinition},
                                 {"customProperties", kMapList, &kCustomProperty},
                                 {"contractCreatedTs", kText}};

constexpr KeyRule kNumberOptionKeys[] = {{"minimum", kNumber},          {"maximum", kNumber},
                                         {"exclusiveMinimum", kNumber}, {"exclusiveMaximum", kNumber},
                                         {"multipleOf", kNumber},       {"format", kText}};
constexpr KeyRule kStringOptionKeys[] = {
    {"minLength", kCount}, {"maxLength", kCount}, {"pattern", kText}, {"format", kText}};
constexpr KeyRule kDateOptionKeys[] = {{"minimum", kText},
                                       {"maximum", kText},
                                       {"exclusiveMinimum", kText},
                                       {"exclusiveMaximum", kText},
                                       {"format", kText}};
constexpr KeyRule kTimeOptionKeys[] = {{"minimum", kText},          {"maximum", kText}, {"exclusiveMinimum", kText},
                                       {"exclusiveMaximum", kText}, {"format", kText},  {"timezone", kBoolean},
                                       {"defaultTimezone", kText}};
constexpr KeyRule kObjectOptionKeys[] = {{"minProperties", kCount}, {"maxProperties", kCount}, {"required", kTextList}};
constexpr KeyRule kArrayOptionKeys[] = {{"minItems", kCount}, {"maxItems", kCount}, {"uniqueItems", kBoolean}};

constexpr Shape kNumberOptions{kNumberOptionKeys};
constexpr Shape kStringOptions{kStringOptionKeys};
constexpr Shape kDateOptions{kDateOptionKeys};
constexpr Shape kTimeOptions{kTimeOptionKeys};
constexpr Shape kObjectOptions{kObjectOptionKeys};
constexpr Shape kArrayOptions{kArrayOptionKeys};
constexpr Shape kNoOptions{};

}  // namespace

const Shape kContract{kContractKeys};

const Shape& type_options(LogicalType type) noexcept {
  switch (type) {
    case LogicalType::kInteger:
    case LogicalType::kNumber:
      return kNumberOptions;
    case LogicalType::kString:
      return kStringOptions;
    case LogicalType::kDate:
      return kDateOptions;
    case LogicalType::kTime:
    case LogicalType::kTimestamp:
      return kTimeOptions;
    case LogicalType::kObject:
      return kObjectOptions;
    case LogicalType::kArray:
      return kArrayOptions;
    case LogicalType::kBoolean:
    case LogicalType::kUnspecified:
      return kNoOptions;
  }
  return kNoOptions;
}

}  // namespace slipway::odcs
