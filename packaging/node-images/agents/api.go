package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// API is a client of the API server with the pod's service account.
type API struct {
	base string
	http *http.Client
}

// The server is asked for at its own address where that is known: the address of the Service works only after kube-proxy
// has set it up, and a network agent should not wait for that.
func newAPI() (*API, error) {
	endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT")
	if endpoint == "" {
		endpoint = net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	}
	ca, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &API{
		base: "https://" + endpoint,
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:       &tls.Config{RootCAs: pool},
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			ForceAttemptHTTP2:     true,
		}},
	}, nil
}

// StatusError is an answer of the API server that is not a success.
type StatusError struct {
	Code int
	Text string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Code, e.Text) }

func isStatus(err error, code int) bool {
	status, ok := err.(*StatusError)
	return ok && status.Code == code
}

func (a *API) open(method, path string, body any) (io.ReadCloser, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, a.base+path, reader)
	if err != nil {
		return nil, err
	}
	// The token is replaced on disk from time to time.
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
		response.Body.Close()
		return nil, &StatusError{response.StatusCode, string(bytes.TrimSpace(text))}
	}
	return response.Body, nil
}

// Do makes one request; a nil result is not read.
func (a *API) Do(method, path string, body, result any) error {
	reader, err := a.open(method, path, body)
	if err != nil {
		return err
	}
	defer reader.Close()
	if result == nil {
		_, err = io.Copy(io.Discard, reader)
		return err
	}
	return json.NewDecoder(reader).Decode(result)
}

type list[T any] struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Items []T `json:"items"`
}

// Follow gives all objects of a collection and then every change of it, for ever. `reset` is called with the whole
// collection after each (re)connection, `change` for each event; deleted objects come with deleted = true.
func Follow[T any](a *API, path string, reset func([]T), change func(object T, deleted bool)) {
	pause := 100 * time.Millisecond
	for {
		err := follow(a, path, reset, change, &pause)
		if err != nil {
			log.Printf("%s: %v", path, err)
		}
		time.Sleep(pause)
		pause = min(pause*2, 5*time.Second)
	}
}

func follow[T any](a *API, path string, reset func([]T), change func(T, bool), pause *time.Duration) error {
	var all list[T]
	if err := a.Do("GET", path, nil, &all); err != nil {
		return err
	}
	*pause = 100 * time.Millisecond
	reset(all.Items)
	version := all.Metadata.ResourceVersion
	for {
		stream, err := a.open("GET", path+"?watch=1&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion="+version, nil)
		if err != nil {
			return err
		}
		decoder := json.NewDecoder(stream)
		for {
			var event struct {
				Type   string          `json:"type"`
				Object json.RawMessage `json:"object"`
			}
			if err = decoder.Decode(&event); err != nil {
				break
			}
			if event.Type == "ERROR" { // most often: the version is too old
				stream.Close()
				return nil
			}
			var meta struct {
				Metadata struct {
					ResourceVersion string `json:"resourceVersion"`
				} `json:"metadata"`
			}
			if err = json.Unmarshal(event.Object, &meta); err != nil {
				break
			}
			version = meta.Metadata.ResourceVersion
			if event.Type == "BOOKMARK" {
				continue
			}
			var object T
			if err = json.Unmarshal(event.Object, &object); err != nil {
				break
			}
			change(object, event.Type == "DELETED")
		}
		stream.Close()
		if err != io.EOF {
			return err
		}
	}
}
