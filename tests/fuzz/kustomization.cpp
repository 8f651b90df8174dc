// SPDX-License-Identifier: Apache-2.0
// libFuzzer: any bytes as the kustomization.yaml of a small tree, which is built as far as it goes. What is built can
// be written, and read again.
#include "manifests/kustomize/build.hpp"
#include "manifests/yaml_parser.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace ksail::manifests;
namespace fs = std::filesystem;

namespace {

/// The files beside the kustomization; gone when the process ends.
class Surroundings {
public:
  Surroundings() : path_(fs::temp_directory_path() / ("ksail-fuzz-" + std::to_string(::getpid()))) {
    write("over/objects.yaml",
          "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\n"
          "spec:\n  selector: {matchLabels: {app: web}}\n  template:\n    spec:\n      containers:\n"
          "      - name: web\n        image: nginx:1\n        env: [{name: A, value: $(V)}]\n"
          "        ports: [{containerPort: 80}]\n---\napiVersion: v1\nkind: Service\n"
          "metadata: {name: web}\nspec: {ports: [{port: 80}]}\n");
    write("over/a.txt", "A=1\nB=2\n");
    write("base/kustomization.yaml", "resources: [r.yaml]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n");
    write("base/r.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n");
    write("component/kustomization.yaml",
          "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n");
  }
  ~Surroundings() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Surroundings(const Surroundings &) = delete;
  Surroundings &operator=(const Surroundings &) = delete;

  void write(const std::string &name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::string at(const std::string &name) const { return (path_ / name).string(); }

private:
  fs::path path_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const Surroundings around;
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  // Nothing is to be fetched.
  for (const char *remote : {"://", "git@", "github", ".git", "gitlab", "bitbucket", ".com"}) {
    if (text.find(remote) != text.npos) return -1;
  }
  around.write("over/kustomization.yaml", text);
  const auto built = kustomize::build(around.at("over"), {});
  if (!built) {
    if (built.error().message.empty()) std::abort();
    return 0;
  }
  const auto yaml = kustomize::to_yaml(*built);
  if (!yaml) return 0;
  YamlParser parser(*yaml);
  for (std::size_t i = 0; i < built->objects.size(); ++i) {
    Arena arena;
    Node *root = nullptr;
    if (parser.next(arena, root) || root == nullptr) std::abort();
  }
  return 0;
}
