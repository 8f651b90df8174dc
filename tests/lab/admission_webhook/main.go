// admission-webhook judges objects for an API server (admission.k8s.io/v1): one whose data has the key "forbidden" is
// refused, everything else is allowed. Every question is printed, so that the pod's log tells who was judged.
//
//	admission-webhook CERTIFICATE KEY      answers on :8443, /judge and /healthz
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
)

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *question `json:"request,omitempty"`
	Response   *verdict  `json:"response,omitempty"`
}

type question struct {
	UID       string `json:"uid"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Operation string `json:"operation"`
	Object    struct {
		Data map[string]string `json:"data"`
	} `json:"object"`
}

type verdict struct {
	UID     string  `json:"uid"`
	Allowed bool    `json:"allowed"`
	Status  *status `json:"status,omitempty"`
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func judge(answer http.ResponseWriter, request *http.Request) {
	var asked review
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil || asked.Request == nil {
		http.Error(answer, "no AdmissionReview with a request", http.StatusBadRequest)
		return
	}
	about := asked.Request
	found, forbidden := about.Object.Data["forbidden"]
	told := verdict{UID: about.UID, Allowed: !forbidden}
	if forbidden {
		told.Status = &status{Code: http.StatusForbidden, Message: fmt.Sprintf("%s is forbidden here", found)}
	}
	log.Printf("%s %s/%s allowed=%t", about.Operation, about.Namespace, about.Name, told.Allowed)
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(review{APIVersion: asked.APIVersion, Kind: asked.Kind, Response: &told})
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: admission-webhook CERTIFICATE KEY")
	}
	http.HandleFunc("/judge", judge)
	http.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
	log.Fatal(http.ListenAndServeTLS(":8443", os.Args[1], os.Args[2], nil))
}
