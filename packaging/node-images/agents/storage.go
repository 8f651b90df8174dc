package main

import (
	"fmt"
	"log"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// The name and the folder that clusters of kind have, so that manifests written for them work.
const (
	provisioner  = "rancher.io/local-path"
	volumeFolder = "/var/local-path-provisioner"
	createdBy    = "pv.kubernetes.io/provisioned-by"
)

type meta struct {
	Name              string            `json:"name,omitempty"`
	GenerateName      string            `json:"generateName,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	DeletionTimestamp string            `json:"deletionTimestamp,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
}

type claim struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		AccessModes      []string `json:"accessModes"`
		StorageClassName string   `json:"storageClassName"`
		VolumeName       string   `json:"volumeName"`
		VolumeMode       string   `json:"volumeMode"`
		Resources        struct {
			Requests map[string]string `json:"requests"`
		} `json:"resources"`
	} `json:"spec"`
}

type volume struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		ReclaimPolicy string `json:"persistentVolumeReclaimPolicy"`
		HostPath      struct {
			Path string `json:"path"`
		} `json:"hostPath"`
		NodeAffinity struct {
			Required struct {
				Terms []struct {
					Expressions []struct {
						Values []string `json:"values"`
					} `json:"matchExpressions"`
				} `json:"nodeSelectorTerms"`
			} `json:"required"`
		} `json:"nodeAffinity"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type storageClass struct {
	Metadata      meta   `json:"metadata"`
	Provisioner   string `json:"provisioner"`
	ReclaimPolicy string `json:"reclaimPolicy"`
}

// storage makes and removes volumes; each one only once at a time.
type storage struct {
	api       *API
	namespace string
	image     string
	mutex     sync.Mutex
	busy      map[string]bool
}

func runStorage() error {
	api, err := newAPI()
	if err != nil {
		return err
	}
	s := &storage{api: api, namespace: os.Getenv("POD_NAMESPACE"), image: os.Getenv("HELPER_IMAGE"), busy: map[string]bool{}}
	go Follow(api, "/api/v1/persistentvolumes",
		func(all []volume) {
			for _, v := range all {
				s.seeVolume(v, false)
			}
		}, s.seeVolume)
	Follow(api, "/api/v1/persistentvolumeclaims",
		func(all []claim) {
			for _, c := range all {
				s.seeClaim(c, false)
			}
		}, s.seeClaim)
	return nil
}

// Does the work in the background unless it is being done already, and again after a failure.
func (s *storage) once(key string, work func() error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.busy[key] {
		return
	}
	s.busy[key] = true
	go func() {
		for attempt := 1; attempt <= 5; attempt++ {
			err := work()
			if err == nil {
				break
			}
			log.Printf("%s: %v", key, err)
			time.Sleep(time.Duration(attempt) * time.Second)
		}
		s.mutex.Lock()
		delete(s.busy, key)
		s.mutex.Unlock()
	}()
}

// A claim is ours when the controller manager has named us for it, and ready when the scheduler has chosen the node.
func (s *storage) seeClaim(c claim, deleted bool) {
	node := c.Metadata.Annotations["volume.kubernetes.io/selected-node"]
	named := c.Metadata.Annotations["volume.kubernetes.io/storage-provisioner"]
	if deleted || c.Metadata.DeletionTimestamp != "" || c.Spec.VolumeName != "" || named != provisioner || node == "" {
		return
	}
	s.once("claim "+c.Metadata.Namespace+"/"+c.Metadata.Name, func() error { return s.create(c, node) })
}

func (s *storage) seeVolume(v volume, deleted bool) {
	if deleted || v.Metadata.DeletionTimestamp != "" || v.Metadata.Annotations[createdBy] != provisioner ||
		v.Status.Phase != "Released" || v.Spec.ReclaimPolicy != "Delete" {
		return
	}
	s.once("volume "+v.Metadata.Name, func() error { return s.remove(v) })
}

func (s *storage) create(c claim, node string) error {
	var class storageClass
	if err := s.api.Do("GET", "/apis/storage.k8s.io/v1/storageclasses/"+c.Spec.StorageClassName, nil, &class); err != nil {
		return err
	}
	name := "pvc-" + c.Metadata.UID
	if c.Spec.VolumeMode == "Block" {
		log.Printf("%s: block volumes cannot be made of directories", name)
		return nil
	}
	folder := path.Join(volumeFolder, strings.Join([]string{name, c.Metadata.Namespace, c.Metadata.Name}, "_"))
	if err := s.onNode(node, "create-"+name, `mkdir -m 0777 -p "$1"`, folder); err != nil {
		return err
	}
	type object = map[string]any
	err := s.api.Do("POST", "/api/v1/persistentvolumes", object{
		"apiVersion": "v1",
		"kind":       "PersistentVolume",
		"metadata":   object{"name": name, "annotations": object{createdBy: provisioner}},
		"spec": object{
			"accessModes":                   c.Spec.AccessModes,
			"capacity":                      object{"storage": c.Spec.Resources.Requests["storage"]},
			"persistentVolumeReclaimPolicy": class.ReclaimPolicy,
			"storageClassName":              c.Spec.StorageClassName,
			"volumeMode":                    "Filesystem",
			"hostPath":                      object{"path": folder, "type": "DirectoryOrCreate"},
			"claimRef": object{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": c.Metadata.Namespace, "name": c.Metadata.Name,
				"uid": c.Metadata.UID, "resourceVersion": c.Metadata.ResourceVersion,
			},
			"nodeAffinity": object{"required": object{"nodeSelectorTerms": []object{{"matchExpressions": []object{{
				"key": "kubernetes.io/hostname", "operator": "In", "values": []string{node},
			}}}}}},
		},
	}, nil)
	if err != nil && !isStatus(err, 409) { // it is there already
		return err
	}
	log.Printf("%s on %s for %s/%s", name, node, c.Metadata.Namespace, c.Metadata.Name)
	return nil
}

func (s *storage) remove(v volume) error {
	terms := v.Spec.NodeAffinity.Required.Terms
	folder := v.Spec.HostPath.Path
	if len(terms) == 1 && len(terms[0].Expressions) == 1 && len(terms[0].Expressions[0].Values) == 1 && path.Dir(folder) == volumeFolder {
		if err := s.onNode(terms[0].Expressions[0].Values[0], "delete-"+v.Metadata.Name, `rm -rf "$1"`, folder); err != nil {
			return err
		}
	}
	err := s.api.Do("DELETE", "/api/v1/persistentvolumes/"+v.Metadata.Name, nil, nil)
	if err != nil && !isStatus(err, 404) {
		return err
	}
	log.Printf("%s removed", v.Metadata.Name)
	return nil
}

// Runs a shell line on a node, in a pod that is bound there without the scheduler.
func (s *storage) onNode(node, name, script, folder string) error {
	type object = map[string]any
	pods := "/api/v1/namespaces/" + s.namespace + "/pods"
	pod := "helper-pod-" + name
	err := s.api.Do("POST", pods, object{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   object{"name": pod, "labels": object{"app": "local-path-helper"}},
		"spec": object{
			"nodeName":                      node,
			"restartPolicy":                 "Never",
			"priorityClassName":             "system-node-critical",
			"terminationGracePeriodSeconds": 0,
			"automountServiceAccountToken":  false,
			"tolerations":                   []object{{"operator": "Exists"}},
			"containers": []object{{
				"name": "helper", "image": s.image, "imagePullPolicy": "IfNotPresent",
				"command":      []string{"sh", "-ec", script, "sh", folder},
				"volumeMounts": []object{{"name": "data", "mountPath": volumeFolder}},
			}},
			"volumes": []object{{"name": "data", "hostPath": object{"path": volumeFolder, "type": "DirectoryOrCreate"}}},
		},
	}, nil)
	if err != nil && !isStatus(err, 409) {
		return err
	}
	defer func() { _ = s.api.Do("DELETE", pods+"/"+pod, nil, nil) }()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var state struct {
			Status struct {
				Phase string `json:"phase"`
			} `json:"status"`
		}
		if err := s.api.Do("GET", pods+"/"+pod, nil, &state); err != nil {
			return err
		}
		switch state.Status.Phase {
		case "Succeeded":
			return nil
		case "Failed":
			return fmt.Errorf("%s failed on %s", pod, node)
		}
	}
	return fmt.Errorf("%s did not finish on %s", pod, node)
}
