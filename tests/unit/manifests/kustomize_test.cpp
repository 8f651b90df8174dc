// SPDX-License-Identifier: Apache-2.0
// Kustomizations built in process, held against kustomize 5.8.1.
#include "kustomize_tree.hpp"
#include "manifests/kustomize/build.hpp"
#include "manifests/kustomize/transformers.hpp"
#include "manifests/yaml_parser.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace ksail;
using namespace ksail::manifests;
using test::as_reference;
using test::built;
using test::Tree;

namespace {

const std::string kDeployment = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      volumes:
      - name: config
        configMap: {name: settings}
      containers:
      - name: web
        image: registry.io:5000/shop/web:1.0
        ports:
        - containerPort: 80
        - containerPort: 443
          protocol: TCP
        env:
        - name: A
          value: "1"
        - name: B
          valueFrom: {secretKeyRef: {name: keys, key: k}}
      - name: side
        image: busybox
)";
const std::string kRest = R"(apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects:
- {kind: ServiceAccount, name: web}
- {kind: ServiceAccount, name: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [keys], verbs: [get]}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, annotations: {}}
spec: {size: 010, on: "yes", parts: [{name: a}, {name: b}], when: 2001-01-01}
)";
const std::map<std::string, std::string> kBase = {
    {"base/kustomization.yaml",
     "resources: [deployment.yaml, rest.yaml]\n"
     "configMapGenerator:\n- name: settings\n  literals: [a=1, 'b=\"2\"']\n  files: [app.txt]\n"
     "secretGenerator:\n- name: keys\n  envs: [keys.env]\n"},
    {"base/deployment.yaml", kDeployment},
    {"base/rest.yaml", kRest},
    {"base/app.txt", "x = 1\ny = 2\n"},
    {"base/keys.env", "# comment\n  K=v \nEMPTY\nQ=\"q\"\n"}};

std::map<std::string, std::string> with(std::map<std::string, std::string> more) {
  more.insert(kBase.begin(), kBase.end());
  return more;
}

} // namespace

TEST_CASE("kustomize: names, namespaces, labels and references") {
  const Tree tree(with({{"over/kustomization.yaml", R"(resources: [../base]
namespace: prod
namePrefix: p-
nameSuffix: -s
commonLabels: {team: a}
labels:
- pairs: {x: "y"}
  includeTemplates: true
commonAnnotations: {note: "1"}
images:
- {name: registry.io:5000/shop/web, newTag: "2.0"}
- {name: busybox, newName: mirror/busybox, digest: sha256:abc}
replicas:
- {name: web, count: 5}
)"}}));
  const auto text = as_reference(tree, "over");
  CHECK(text.find("name: p-web-s\n") != std::string::npos);
  CHECK(text.find("registry.io:5000/shop/web:2.0") != std::string::npos);
  CHECK(as_reference(tree, "base").find("name: settings-") != std::string::npos);
}

TEST_CASE("kustomize: patches") {
  const std::string merge_patch = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: null
  template:
    spec:
      containers:
      - name: side
        $patch: delete
      - name: new
        image: new
      - name: web
        ports:
        - containerPort: 80
          name: http
        - containerPort: 99
        env:
        - {name: C, value: c}
        - {name: A, value: "2"}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {parts: [{name: c}]}
)";
  const Tree tree(with({{"over/kustomization.yaml", R"(resources: [../base]
patches:
- path: merge.yaml
- target: {kind: Deployment, name: w.*}
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/1/image
      value: other:2
    - op: add
      path: /metadata/labels/a~1b
      value: c
    - op: remove
      path: /spec/replicas
- target: {labelSelector: "app in (web, x),!gone"}
  patch: |-
    kind: Deployment
    metadata: {name: any}
    spec: {minReadySeconds: 3}
- patch: |-
    $patch: delete
    apiVersion: v1
    kind: Service
    metadata: {name: web}
patchesJson6902:
- target: {version: v1, group: example.com, kind: Widget, name: w}
  patch: |-
    [{"op": "move", "from": "/spec/size", "path": "/spec/length"}, {"op": "test", "path": "/spec/length", "value": 8}]
)"},
                        {"over/merge.yaml", merge_patch}}));
  // The third operation of the JSON patch finds no replicas any more.
  CHECK(as_reference(tree, "over").starts_with("error: "));
  const Tree good(with({{"over/kustomization.yaml", R"(resources: [../base]
patchesStrategicMerge: [merge.yaml]
patches:
- target: {labelSelector: "app in (web, x),!gone"}
  patch: |-
    kind: Deployment
    metadata: {name: any}
    spec: {minReadySeconds: 3}
- patch: |-
    $patch: delete
    apiVersion: v1
    kind: Service
    metadata: {name: web}
- target: {version: v1, group: example.com, kind: Widget, name: w}
  patch: |-
    [{"op": "move", "from": "/spec/size", "path": "/spec/length"}, {"op": "test", "path": "/spec/length", "value": 8},
     {"op": "add", "path": "/spec/parts/-", "value": {"name": "d"}}]
)"},
                        {"over/merge.yaml", merge_patch}}));
  CHECK(as_reference(good, "over").find("minReadySeconds: 3") != std::string::npos);
}

TEST_CASE("kustomize: what is left out between brackets becomes an empty text, and is null before") {
  const std::string widget = R"(apiVersion: example.com/v1
kind: Widget
metadata: {name: w, annotations: {n: }}
spec: {a: , b, c: null, d: ~, e: '', f: [g: , {h: }, {i}], k: !!null , m: !!str , o: &x , p: *x, "q": {"r": }}
block:
  t:
  u: {v: }
  w: [{x: {y: }}]
)";
  const Tree tree({{"plain/kustomization.yaml", "resources: [w.yaml]\n"},
                   {"plain/w.yaml", widget},
                   {"merged/kustomization.yaml", R"(resources: [../plain]
patches:
- patch: |-
    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: w}
    spec: {a: 1, b: , z: , y: {x: , w: 1}, lst: [{a: , b: 2}]}
    block: {u: {v2: }, nn: {oo: }}
)"},
                   {"json/kustomization.yaml", R"(resources: [../plain]
patches:
- target: {kind: Widget}
  patch: |-
    - {op: add, path: /spec/z, value: {a: , b: [c: ]}}
    - {op: test, path: /spec/a, value: ""}
)"}});
  CHECK(as_reference(tree, "plain").find("  a: \"\"\n  b: \"\"\n  c: null\n") != std::string::npos);
  CHECK(as_reference(tree, "merged").find("  lst:\n  - a: \"\"\n    b: 2\n") != std::string::npos);
  CHECK(as_reference(tree, "json").find("  z:\n    a: null\n    b:\n    - c: null\n") != std::string::npos);
}

TEST_CASE("kustomize: components, merged generators, order, local objects") {
  const Tree tree(with(
      {{"over/kustomization.yaml", R"(resources: [../base, local.yaml]
components: [../comp]
generatorOptions: {labels: {g: "1"}, immutable: true}
configMapGenerator:
- {name: settings, behavior: merge, literals: [a=9, c=3]}
sortOptions: {order: fifo}
)"},
       {"over/local.yaml",
        "kind: L\napiVersion: v1\nmetadata: {name: l, annotations: {config.kubernetes.io/local-config: 'true'}}\n"},
       {"comp/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                                   "namePrefix: c-\nsecretGenerator:\n- {name: more, literals: [x=y], type: my/type, "
                                   "options: {disableNameSuffixHash: true}}\n"}}));
  const auto text = as_reference(tree, "over");
  CHECK(text.find("name: c-web\n") != std::string::npos);
  CHECK(text.find("kind: L\n") == std::string::npos);
}

TEST_CASE("kustomize: what is wrong is refused by name") {
  const Tree tree({{"typo/kustomization.yaml", "resorces: [a.yaml]\n"},
                   {"cycle/kustomization.yaml", "resources: [../cycle]\n"},
                   {"missing/kustomization.yaml", "resources: [nothing.yaml]\n"},
                   {"outside/kustomization.yaml", "resources: [../secret.yaml]\n"},
                   {"secret.yaml", "kind: A\napiVersion: v1\nmetadata: {name: a}\n"},
                   {"twice/kustomization.yaml", "resources: [a.yaml, b.yaml]\n"},
                   {"twice/a.yaml", "kind: A\napiVersion: v1\nmetadata: {name: a}\n"},
                   {"twice/b.yaml", "kind: A\napiVersion: v1\nmetadata: {name: a}\n"},
                   {"empty/kustomization.yaml", "kind: Kustomization\n"},
                   {"number/kustomization.yaml", "namePrefix: 1\nresources: []\n"},
                   {"nopatch/kustomization.yaml",
                    "resources: [a.yaml]\npatches: [{patch: 'kind: B\n\napiVersion: v1\n\nmetadata: {name: b}'}]\n"},
                   {"nopatch/a.yaml", "kind: A\napiVersion: v1\nmetadata: {name: a}\n"}});
  for (const char *directory : {"typo", "cycle", "missing", "outside", "twice", "empty", "number", "nopatch"}) {
    INFO(directory);
    CHECK(as_reference(tree, directory).starts_with("error: "));
  }
  auto typo = kustomize::build(tree.at("typo"), {});
  REQUIRE_FALSE(typo);
  CHECK(typo.error().hint == "did you mean `resources`?");
  CHECK(built(tree.at("outside")).find("security") != std::string::npos);
  kustomize::BuildOptions open;
  open.load_restrictor = kustomize::LoadRestrictor::none;
  CHECK(kustomize::build(tree.at("outside"), open));
}

TEST_CASE("kustomize: the suffix of a content is that of the reference") {
  const auto hash = [](std::string_view yaml) {
    Arena arena;
    YamlParser parser(yaml);
    Node *root = nullptr;
    REQUIRE_FALSE(parser.next(arena, root));
    return kustomize::content_hash(*root);
  };
  CHECK(hash("{kind: ConfigMap, data: {x: '1', y: '<&>'}}") == "c9hgdm4882");
  CHECK(hash("{kind: ConfigMap}") == "6ct58987ht");
  CHECK(hash("{kind: ConfigMap, data: {a: '1', b: '3', c: '4'}}") == "fbcmkbc66h");
  CHECK(hash("{kind: Secret, type: Opaque, data: {p: cQ==}}") == "hb2dth72f6");
  CHECK(hash("{kind: Secret, type: kubernetes.io/tls, data: {}}") == "694464d966");
}
