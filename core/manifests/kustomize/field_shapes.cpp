// SPDX-License-Identifier: Apache-2.0
// The fields of kustomize 5.8.1. Source: its reference of the kustomization file.
#include "manifests/kustomize/shape.hpp"

namespace ksail::manifests::kustomize {
namespace {

constexpr Field inlined(std::string_view name, Type type = Type::text, std::span<const Field> shape = {}) {
  return {name, type, shape, true};
}

constexpr Field kFieldSpec[] = {
    inlined("group"), inlined("version"), inlined("kind"), {"path", Type::text}, {"create", Type::flag}};
constexpr Field kSelector[] = {inlined("group"),
                               inlined("version"),
                               inlined("kind"),
                               inlined("name"),
                               inlined("namespace"),
                               {"labelSelector", Type::text},
                               {"annotationSelector", Type::text}};
constexpr Field kMetadata[] = {
    {"name", Type::text}, {"namespace", Type::text}, {"labels", Type::text_map}, {"annotations", Type::text_map}};
constexpr Field kLabels[] = {{"pairs", Type::text_map},
                             {"includeSelectors", Type::flag},
                             {"includeTemplates", Type::flag},
                             {"fields", Type::objects, kFieldSpec}};
constexpr Field kPatchOptions[] = {{"allowNameChange", Type::flag}, {"allowKindChange", Type::flag}};
constexpr Field kPatch[] = {{"path", Type::text},
                            {"patch", Type::text},
                            {"target", Type::object, kSelector},
                            {"options", Type::object, kPatchOptions}};
constexpr Field kImage[] = {{"name", Type::text},
                            {"newName", Type::text},
                            {"newTag", Type::text},
                            {"tagSuffix", Type::text},
                            {"digest", Type::text}};
constexpr Field kReplica[] = {{"name", Type::text}, {"count", Type::number}};
constexpr Field kGeneratorOptions[] = {{"labels", Type::text_map},
                                       {"annotations", Type::text_map},
                                       {"disableNameSuffixHash", Type::flag},
                                       {"immutable", Type::flag}};
// The type stands at the end, for Secrets only.
constexpr Field kGenerator[] = {inlined("name"),
                                inlined("namespace"),
                                inlined("behavior"),
                                inlined("literals", Type::texts),
                                inlined("files", Type::texts),
                                inlined("envs", Type::texts),
                                inlined("env"),
                                inlined("options", Type::object, kGeneratorOptions),
                                inlined("type")};
constexpr std::span<const Field> kSecretGenerator = kGenerator;
constexpr std::span<const Field> kConfigMapGenerator = kSecretGenerator.first(kSecretGenerator.size() - 1);
constexpr Field kFieldOptions[] = {
    inlined("delimiter"), {"index", Type::number}, inlined("encoding"), {"create", Type::flag}};
constexpr Field kSource[] = {inlined("group"),
                             inlined("version"),
                             inlined("kind"),
                             inlined("name"),
                             inlined("namespace"),
                             {"fieldPath", Type::text},
                             {"options", Type::object, kFieldOptions}};
constexpr Field kTarget[] = {{"select", Type::object, kSelector},
                             {"reject", Type::objects, kSelector},
                             {"fieldPaths", Type::texts},
                             {"options", Type::object, kFieldOptions}};
constexpr Field kReplacement[] = {{"path", Type::text},
                                  {"source", Type::object, kSource},
                                  {"sourceValue", Type::text},
                                  {"targets", Type::objects, kTarget}};
constexpr Field kHelmGlobals[] = {{"chartHome", Type::text}, {"configHome", Type::text}};
constexpr Field kHelmChart[] = {
    {"name", Type::text},        {"version", Type::text},      {"repo", Type::text},
    {"releaseName", Type::text}, {"namespace", Type::text},    {"additionalValuesFiles", Type::texts},
    {"valuesFile", Type::text},  {"valuesInline", Type::any},  {"valuesMerge", Type::text},
    {"includeCRDs", Type::flag}, {"skipHooks", Type::flag},    {"apiVersions", Type::texts},
    {"kubeVersion", Type::text}, {"nameTemplate", Type::text}, {"skipTests", Type::flag},
    {"debug", Type::flag},       {"devel", Type::flag}};
constexpr Field kOldHelmChart[] = {
    {"chartName", Type::text},   {"chartVersion", Type::text},  {"chartRepoUrl", Type::text},
    {"chartHome", Type::text},   {"chartRepoName", Type::text}, {"helmBin", Type::text},
    {"helmHome", Type::text},    {"values", Type::text},        {"valuesLocal", Type::any},
    {"valuesMerge", Type::text}, {"releaseName", Type::text},   {"releaseNamespace", Type::text},
    {"extraArgs", Type::texts}};
constexpr Field kLegacySortOptions[] = {{"orderFirst", Type::texts}, {"orderLast", Type::texts}};
constexpr Field kSortOptions[] = {{"order", Type::text}, {"legacySortOptions", Type::object, kLegacySortOptions}};
constexpr Field kVarObject[] = {{"apiVersion", Type::text}, {"group", Type::text}, {"version", Type::text},
                                {"kind", Type::text},       {"name", Type::text},  {"namespace", Type::text}};
constexpr Field kVarField[] = {{"fieldPath", Type::text}};
constexpr Field kVar[] = {
    {"name", Type::text}, {"objref", Type::object, kVarObject}, {"fieldref", Type::object, kVarField}};
constexpr Field kTop[] = {{"apiVersion", Type::text},
                          {"kind", Type::text},
                          {"metadata", Type::object, kMetadata},
                          {"openapi", Type::text_map},
                          {"namePrefix", Type::text},
                          {"nameSuffix", Type::text},
                          {"namespace", Type::text},
                          {"commonLabels", Type::text_map},
                          {"labels", Type::objects, kLabels},
                          {"commonAnnotations", Type::text_map},
                          {"patchesStrategicMerge", Type::texts},
                          {"patchesJson6902", Type::objects, kPatch},
                          {"patches", Type::objects, kPatch},
                          {"images", Type::objects, kImage},
                          {"imageTags", Type::objects, kImage},
                          {"replacements", Type::objects, kReplacement},
                          {"replicas", Type::objects, kReplica},
                          {"vars", Type::objects, kVar},
                          {"sortOptions", Type::object, kSortOptions},
                          {"resources", Type::texts},
                          {"components", Type::texts},
                          {"crds", Type::texts},
                          {"bases", Type::texts},
                          {"configMapGenerator", Type::objects, kConfigMapGenerator},
                          {"secretGenerator", Type::objects, kSecretGenerator},
                          {"helmGlobals", Type::object, kHelmGlobals},
                          {"helmCharts", Type::objects, kHelmChart},
                          {"helmChartInflationGenerator", Type::objects, kOldHelmChart},
                          {"generatorOptions", Type::object, kGeneratorOptions},
                          {"configurations", Type::texts},
                          {"generators", Type::texts},
                          {"transformers", Type::texts},
                          {"validators", Type::texts},
                          {"buildMetadata", Type::texts}};

} // namespace

std::span<const Field> selector_shape() { return kSelector; }
std::span<const Field> replacement_shape() { return kReplacement; }
std::span<const Field> image_shape() { return kImage; }
std::span<const Field> replica_shape() { return kReplica; }
std::span<const Field> field_spec_shape() { return kFieldSpec; }
std::span<const Field> patch_options_shape() { return kPatchOptions; }
std::span<const Field> generator_shape() { return kGenerator; }
std::span<const Field> helm_chart_shape() { return kHelmChart; }
std::span<const Field> helm_globals_shape() { return kHelmGlobals; }
std::span<const Field> sort_options_shape() { return kSortOptions; }
std::span<const Field> kustomization_shape() { return kTop; }

} // namespace ksail::manifests::kustomize
