package main

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.text) }

// serve answers on the port that everybody uses: what nodes need to join, and the API behind it. Clients prove who they are
// to this port; the API server behind is told by a proxy that it trusts.
func (s *Server) serve() {
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(s.clientCA.Cert)
	own, err := tls.LoadX509KeyPair(tlsDir+"/serving-kube-apiserver.crt", tlsDir+"/serving-kube-apiserver.key")
	if err != nil {
		fatal("%v", err)
	}
	proxy := s.apiProxy()
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "pong") })
	mux.HandleFunc("/cacerts", func(w http.ResponseWriter, _ *http.Request) { w.Write(s.serverCA.Cert) })
	mux.HandleFunc("/v1-k3s/agent", s.authenticated(func(body []byte) (any, error) {
		var request struct{ Name, IP string }
		if err := json.Unmarshal(body, &request); err != nil || request.Name == "" {
			return nil, &statusError{http.StatusBadRequest, "a node has to say its name"}
		}
		return s.agentConfig(request.Name, request.IP), nil
	}))
	mux.HandleFunc("/v1-k3s/server-bootstrap", s.authenticated(func([]byte) (any, error) {
		files := map[string][]byte{}
		for _, name := range bootstrapFiles {
			content, err := os.ReadFile(tlsDir + "/" + name)
			if err != nil {
				return nil, err
			}
			files[name] = content
		}
		return files, nil
	}))
	mux.HandleFunc("/v1-k3s/join", s.authenticated(func(body []byte) (any, error) {
		var request joinRequest
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, err
		}
		return s.memberAdd(request)
	}))
	mux.HandleFunc("/v1-k3s/promote", s.authenticated(func(body []byte) (any, error) {
		var request joinRequest
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, err
		}
		return struct{}{}, s.members.promote(request.Name)
	}))
	mux.Handle("/", proxy)
	server := &http.Server{
		Addr:     ":" + strconv.Itoa(s.port),
		Handler:  mux,
		ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: clients,
			ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12},
	}
	go func() { fatal("supervisor: %v", server.ListenAndServeTLS("", "")) }()
}

func (s *Server) apiProxy() *httputil.ReverseProxy {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.serverCA.Cert)
	trusted, err := tls.LoadX509KeyPair(tlsDir+"/client-auth-proxy.crt", tlsDir+"/client-auth-proxy.key")
	if err != nil {
		fatal("%v", err)
	}
	transport := func(certificates ...tls.Certificate) *http.Transport {
		// HTTP/1.1: upgrades (exec, port-forward) go through it too.
		return &http.Transport{MaxIdleConnsPerHost: 100, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates},
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	}
	asProxy, plain := transport(trusted), transport()
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "https", "127.0.0.1:6444"
			for name := range r.Out.Header {
				if strings.HasPrefix(name, "X-Remote-") {
					r.Out.Header.Del(name)
				}
			}
			if r.In.TLS != nil && len(r.In.TLS.VerifiedChains) > 0 {
				subject := r.In.TLS.VerifiedChains[0][0].Subject
				r.Out.Header.Set("X-Remote-User", subject.CommonName)
				r.Out.Header["X-Remote-Group"] = append(append([]string{}, subject.Organization...), "system:authenticated")
			}
		},
		Transport: chooseTransport(func(r *http.Request) http.RoundTripper {
			if r.Header.Get("X-Remote-User") != "" {
				return asProxy
			}
			return plain
		}),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "the API server does not answer yet: "+err.Error(), http.StatusServiceUnavailable)
		},
	}
}

type chooseTransport func(*http.Request) http.RoundTripper

func (c chooseTransport) RoundTrip(r *http.Request) (*http.Response, error) { return c(r).RoundTrip(r) }

func (s *Server) authenticated(answer func(body []byte) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(password), []byte(s.password)) != 1 {
			http.Error(w, "the token is not that of this cluster", http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		result, err := answer(body)
		if err != nil {
			code := http.StatusInternalServerError
			var status *statusError
			if errors.As(err, &status) {
				code = status.code
			}
			http.Error(w, err.Error(), code)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(result)
	}
}

// supervisorClient is the other side of it.
type supervisorClient struct {
	base, password string
	ca             []byte
	http           *http.Client
}

// newSupervisorClient asks for the server's authority and, with a full token, checks that it is the right one.
func newSupervisorClient(server, token string) (*supervisorClient, error) {
	insecure := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	base := "https://" + u.Host
	response, err := insecure.Get(base + "/cacerts")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	ca, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	password := token
	if strings.HasPrefix(token, "K10") {
		if !strings.HasPrefix(token, tokenPrefix(ca)) {
			return nil, errors.New("the server's authority is not the one that the token names")
		}
		_, credentials, _ := strings.Cut(token, "::")
		_, password, _ = strings.Cut(credentials, ":")
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return &supervisorClient{base, password, ca, client}, nil
}

func (c *supervisorClient) get(path string, result any) error { return c.do("GET", path, nil, result) }
func (c *supervisorClient) post(path string, body, result any) error {
	return c.do("POST", path, body, result)
}

func (c *supervisorClient) do(method, path string, body, result any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, c.base+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.SetBasicAuth("node", c.password)
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &statusError{response.StatusCode, strings.TrimSpace(string(text))}
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
