// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/default_fields.hpp"

namespace ksail::manifests::kustomize {

FieldSpecs default_variable_fields() {
  struct PodSpec {
    const char *kind, *path;
  };
  constexpr PodSpec kPodSpecs[] = {{"CronJob", "spec/jobTemplate/spec/template/spec"},
                                   {"DaemonSet", "spec/template/spec"},
                                   {"Deployment", "spec/template/spec"},
                                   {"Job", "spec/template/spec"},
                                   {"Pod", "spec"},
                                   {"ReplicaSet", "spec/template/spec"},
                                   {"StatefulSet", "spec/template/spec"}};
  FieldSpecs fields;
  const auto add = [&](const char *kind, std::string path) {
    fields.push_back({"", "", kind, std::move(path), false});
  };
  for (const auto &pod : kPodSpecs) {
    for (const char *containers : {"containers", "initContainers"}) {
      for (const char *field : {"args", "command", "env/value", "volumeMounts/mountPath"}) {
        add(pod.kind, std::string(pod.path) + "/" + containers + "/" + field);
      }
    }
  }
  // Volumes on NFS; the two of CronJob and StatefulSet are where kustomize looks, which is beside the pod spec.
  for (const char *kind : {"DaemonSet", "Deployment", "Job", "ReplicaSet"}) {
    add(kind, "spec/template/spec/volumes/nfs/server");
  }
  add("CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server");
  add("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server");
  add("Pod", "spec/volumes/nfs/server");
  add("PersistentVolume", "spec/nfs/server");
  add("Deployment", "spec/template/metadata/annotations");
  for (const char *path : {"spec/rules/host", "spec/tls/hosts", "spec/tls/secretName"}) {
    add("Ingress", path);
  }
  add("Service", "spec/ports/port");
  add("Service", "spec/ports/targetPort");
  add("", "metadata/labels");
  add("", "metadata/annotations");
  return fields;
}

} // namespace ksail::manifests::kustomize
