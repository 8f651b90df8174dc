package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

const manifestDir = dataDir + "/server/manifests"

// apiClient talks to an API server with a client certificate.
type apiClient struct {
	base  string
	http  *http.Client
	kinds map[string]resource
}

type resource struct {
	plural     string
	namespaced bool
}

func newAPIClient(base string, ca []byte, pair Pair) *apiClient {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		fatal("%v", err)
	}
	return &apiClient{base, &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}}, map[string]resource{}}
}

func (c *apiClient) do(method, path string, body, result any) error {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, c.base+path, reader)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if method == "PATCH" {
		request.Header.Set("Content-Type", "application/merge-patch+json")
		if strings.Contains(path, "fieldManager=") {
			request.Header.Set("Content-Type", "application/apply-patch+yaml")
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return &statusError{response.StatusCode, string(text[:min(len(text), 300)])}
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

func (c *apiClient) resource(apiVersion, kind string) (resource, error) {
	if found, ok := c.kinds[apiVersion+"/"+kind]; ok {
		return found, nil
	}
	prefix := "/apis/"
	if !strings.Contains(apiVersion, "/") {
		prefix = "/api/"
	}
	var answer struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := c.do("GET", prefix+apiVersion, nil, &answer); err != nil {
		return resource{}, err
	}
	for _, r := range answer.Resources {
		if !strings.Contains(r.Name, "/") {
			c.kinds[apiVersion+"/"+r.Kind] = resource{r.Name, r.Namespaced}
		}
	}
	found, ok := c.kinds[apiVersion+"/"+kind]
	if !ok {
		return resource{}, fmt.Errorf("the server has no %s in %s", kind, apiVersion)
	}
	return found, nil
}

func (c *apiClient) apply(object map[string]any) error {
	text := func(value any) string { s, _ := value.(string); return s }
	metadata, _ := object["metadata"].(map[string]any)
	version, kind, name := text(object["apiVersion"]), text(object["kind"]), text(metadata["name"])
	r, err := c.resource(version, kind)
	if err != nil {
		return err
	}
	path := "/apis/" + version
	if !strings.Contains(version, "/") {
		path = "/api/" + version
	}
	if r.namespaced {
		namespace := text(metadata["namespace"])
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	path += "/" + r.plural + "/" + url.PathEscape(name) + "?fieldManager=deploy@standin&force=true"
	if err := c.do("PATCH", path, object, nil); err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

// deploy writes the bundled manifests, unless they are disabled, and applies every file of the folder whenever it changes.
func (s *Server) deploy(api *apiClient) {
	for _, name := range []string{"coredns", "local-storage"} {
		file := manifestDir + "/" + name + ".yaml"
		if s.disabled(name) {
			os.Remove(file)
			continue
		}
		text, err := os.ReadFile("/opt/k3s-standin/manifests/" + name + ".yaml")
		if err != nil {
			fatal("%v", err)
		}
		text = bytes.ReplaceAll(text, []byte("CLUSTER_DNS"), []byte(s.clusterDNS))
		write(file, bytes.ReplaceAll(text, []byte("CLUSTER_DOMAIN"), []byte(s.domain)), 0o600)
	}
	applied := map[string][32]byte{}
	for {
		files, _ := filepath.Glob(manifestDir + "/*.y*ml")
		sort.Strings(files)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if _, skip := os.Stat(file + ".skip"); err != nil || skip == nil || applied[file] == sha256.Sum256(text) {
				continue
			}
			if err := applyAll(api, text); err != nil {
				info("Failed to apply %s: %v", file, err)
				continue
			}
			applied[file] = sha256.Sum256(text)
			info("Applied manifest %s", file)
			if filepath.Base(file) == "coredns.yaml" {
				info("Cluster dns configmap has been set successfully")
			}
		}
		time.Sleep(time.Second)
	}
}

func applyAll(api *apiClient, text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var object map[string]any
		err := decoder.Decode(&object)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if object == nil {
			continue
		}
		if err := api.apply(object); err != nil {
			return err
		}
	}
}
