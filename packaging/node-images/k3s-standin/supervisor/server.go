package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

const (
	tlsDir   = dataDir + "/server/tls"
	etcdDir  = dataDir + "/server/db/etcd"
	credDir  = dataDir + "/server/cred"
	apiLocal = "https://127.0.0.1:6444" // behind the port that everybody else uses
)

// Server is what runs on a node of that role beside the agent.
type Server struct {
	*Settings
	password                                       string
	serverCA, clientCA, headerCA, etcdCA, etcdPeer *Authority
	networkToken                                   string
	admin                                          Pair
	members                                        *etcdClient
}

// The files that make a cluster what it is; a server that joins gets them from one that is there.
var bootstrapFiles = []string{
	"server-ca.crt", "server-ca.key", "client-ca.crt", "client-ca.key", "request-header-ca.crt", "request-header-ca.key",
	"etcd/server-ca.crt", "etcd/server-ca.key", "etcd/peer-ca.crt", "etcd/peer-ca.key", "service.key", "network-token",
}

func run(settings *Settings) {
	info("Starting k3s %s (stand-in: Kubernetes behind the container contract of K3s)", version)
	stopOnSignal()
	var config AgentConfig
	if settings.server {
		s := &Server{Settings: settings}
		s.start()
		config = s.agentConfig(settings.nodeName, settings.nodeIP)
	} else {
		config = joinAsAgent(settings)
	}
	runAgent(settings, config)
	select {}
}

func (s *Server) start() {
	_, password, full := strings.Cut(s.token, "::server:")
	if !full {
		password = s.token
	}
	tokenFile := dataDir + "/server/token"
	if known, err := os.ReadFile(tokenFile); err == nil {
		_, kept, _ := strings.Cut(strings.TrimSpace(string(known)), "::server:")
		if password == "" {
			password = kept
		} else if kept != password {
			fatal("the token is not the one that this server was first started with")
		}
	}
	if password == "" {
		bytes := make([]byte, 16)
		rand.Read(bytes)
		password = hex.EncodeToString(bytes)
	}
	s.password = password

	_, err := os.Stat(etcdDir + "/member")
	known := err == nil
	var join *joinAnswer
	if s.url != "" && !known {
		join = s.join()
	}
	s.loadAuthorities()
	fullToken := tokenPrefix(s.serverCA.Cert) + "server:" + password + "\n"
	write(tokenFile, []byte(fullToken), 0o600)
	write(dataDir+"/server/node-token", []byte(fullToken), 0o600)
	s.issueCertificates()

	s.startEtcd(join, known)
	s.serve()
	s.startKubernetes()
	go s.whenReady()
}

func (s *Server) loadAuthorities() {
	s.serverCA = loadAuthority(tlsDir+"/server-ca", "k3s-server-ca")
	s.clientCA = loadAuthority(tlsDir+"/client-ca", "k3s-client-ca")
	s.headerCA = loadAuthority(tlsDir+"/request-header-ca", "k3s-request-header-ca")
	s.etcdCA = loadAuthority(tlsDir+"/etcd/server-ca", "etcd-server-ca")
	s.etcdPeer = loadAuthority(tlsDir+"/etcd/peer-ca", "etcd-peer-ca")
	if _, err := os.Stat(tlsDir + "/service.key"); err != nil {
		write(tlsDir+"/service.key", encodeKey(newKey()), 0o600)
	}
	if _, err := os.Stat(tlsDir + "/network-token"); err != nil {
		bytes := make([]byte, 16)
		rand.Read(bytes)
		write(tlsDir+"/network-token", []byte(hex.EncodeToString(bytes)), 0o600)
	}
	token, _ := os.ReadFile(tlsDir + "/network-token")
	s.networkToken = string(token)
	// The network agent may do what kube-proxy may: read nodes.
	write(tlsDir+"/tokens.csv", []byte(s.networkToken+",system:kube-proxy,network\n"), 0o600)
}

func (s *Server) serverNames() []string {
	service, _ := addressIn(s.serviceCIDR, 1)
	return append([]string{"127.0.0.1", "::1", "localhost", s.nodeName, s.nodeIP, service, "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc." + s.domain}, s.sans...)
}

func (s *Server) issueCertificates() {
	s.serverCA.issue("kube-apiserver", nil, s.serverNames()...).write(tlsDir + "/serving-kube-apiserver")
	s.clientCA.issue("kube-apiserver", []string{"system:masters"}).write(tlsDir + "/client-kube-apiserver")
	s.headerCA.issue("system:auth-proxy", nil).write(tlsDir + "/client-auth-proxy")
	s.etcdCA.issue("etcd-server", nil, "127.0.0.1", "::1", "localhost", s.nodeName).write(tlsDir + "/etcd/server")
	s.etcdCA.issue("etcd-client", nil).write(tlsDir + "/etcd/client")
	s.etcdPeer.issue("etcd-peer", nil, "127.0.0.1", "localhost", s.nodeName, s.nodeIP).write(tlsDir + "/etcd/peer-server-client")
	for name, user := range map[string]string{"controller": "system:kube-controller-manager", "scheduler": "system:kube-scheduler"} {
		s.clientCA.issue(user, nil).write(tlsDir + "/client-" + name)
		write(credDir+"/"+name+".kubeconfig", kubeconfig(apiLocal, ": "+tlsDir+"/server-ca.crt", ": "+tlsDir+"/client-"+name+".crt", ": "+tlsDir+"/client-"+name+".key"), 0o600)
	}
	s.admin = s.clientCA.issue("system:admin", []string{"system:masters"})
	s.admin.write(tlsDir + "/client-admin")
}

func (s *Server) startEtcd(join *joinAnswer, known bool) {
	shared := s.clusterInit || s.url != ""
	if _, err := os.Stat(etcdDir + "/shared"); err == nil {
		shared = true
	}
	peer := "https://127.0.0.1:2380"
	if shared {
		peer = "https://" + s.nodeName + ":2380"
	}
	cluster, state := s.nodeName+"="+peer, "new"
	if join != nil {
		cluster, state = join.InitialCluster, "existing"
	}
	write(etcdDir+"/config", nil, 0o600)
	if shared {
		write(etcdDir+"/shared", nil, 0o600)
	}
	os.Chmod(etcdDir, 0o700)
	listen := "https://127.0.0.1:2380"
	if shared {
		listen = "https://0.0.0.0:2380"
	}
	args := []string{
		"--name=" + s.nodeName, "--data-dir=" + etcdDir, "--log-level=error", "--logger=zap",
		"--listen-client-urls=https://127.0.0.1:2379", "--advertise-client-urls=https://127.0.0.1:2379",
		"--listen-peer-urls=" + listen, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=" + cluster, "--initial-cluster-state=" + state,
		"--cert-file=" + tlsDir + "/etcd/server.crt", "--key-file=" + tlsDir + "/etcd/server.key",
		"--trusted-ca-file=" + tlsDir + "/etcd/server-ca.crt", "--client-cert-auth",
		"--peer-cert-file=" + tlsDir + "/etcd/peer-server-client.crt", "--peer-key-file=" + tlsDir + "/etcd/peer-server-client.key",
		"--peer-trusted-ca-file=" + tlsDir + "/etcd/peer-ca.crt", "--peer-client-cert-auth",
		"--heartbeat-interval=100", "--election-timeout=1000", "--snapshot-count=10000",
	}
	if !shared { // nobody else to elect
		args = append(args, "--heartbeat-interval=10", "--election-timeout=100")
	}
	for _, arg := range s.etcdArgs {
		args = append(args, "--"+arg)
	}
	start("etcd", nil, args...)
	s.members = newEtcdClient()
	if join != nil && !known {
		// A learner does not answer an API server.
		eventually("promotion of this etcd member", func() error {
			return s.supervisor().post("/v1-k3s/promote", joinRequest{Name: s.nodeName}, nil)
		})
		info("etcd member %s is a voting member", s.nodeName)
	}
}

func (s *Server) supervisor() *supervisorClient {
	client, err := newSupervisorClient(s.url, s.token)
	if err != nil {
		fatal("starting kubernetes: preparing server: failed to validate token: %v", err)
	}
	return client
}

func (s *Server) join() *joinAnswer {
	client := s.supervisor()
	var files map[string][]byte
	if err := client.get("/v1-k3s/server-bootstrap", &files); err != nil {
		fatal("starting kubernetes: preparing server: failed to get the bootstrap data: %v", err)
	}
	for _, name := range bootstrapFiles {
		write(tlsDir+"/"+name, files[name], 0o600)
	}
	var answer joinAnswer
	eventually("joining etcd", func() error {
		err := client.post("/v1-k3s/join", joinRequest{Name: s.nodeName, PeerURL: "https://" + s.nodeName + ":2380"}, &answer)
		var status *statusError
		if errors.As(err, &status) && status.code == http.StatusBadRequest {
			fatal("starting kubernetes: preparing server: %v", err)
		}
		return err
	})
	return &answer
}

func (s *Server) startKubernetes() {
	shared := s.clusterInit || s.url != ""
	etcd := []string{
		"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile=" + tlsDir + "/etcd/server-ca.crt",
		"--etcd-certfile=" + tlsDir + "/etcd/client.crt", "--etcd-keyfile=" + tlsDir + "/etcd/client.key",
	}
	api := append(etcd,
		"--secure-port=6444", "--bind-address=0.0.0.0", "--advertise-address="+s.nodeIP, "--allow-privileged=true", "--anonymous-auth=false",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--profiling=false",
		"--client-ca-file="+tlsDir+"/client-ca.crt", "--token-auth-file="+tlsDir+"/tokens.csv",
		"--tls-cert-file="+tlsDir+"/serving-kube-apiserver.crt", "--tls-private-key-file="+tlsDir+"/serving-kube-apiserver.key",
		"--kubelet-certificate-authority="+tlsDir+"/server-ca.crt",
		"--kubelet-client-certificate="+tlsDir+"/client-kube-apiserver.crt", "--kubelet-client-key="+tlsDir+"/client-kube-apiserver.key",
		"--service-account-issuer=https://kubernetes.default.svc."+s.domain, "--service-account-key-file="+tlsDir+"/service.key",
		"--service-account-signing-key-file="+tlsDir+"/service.key", "--service-cluster-ip-range="+s.serviceCIDR,
		"--requestheader-client-ca-file="+tlsDir+"/request-header-ca.crt", "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+tlsDir+"/client-auth-proxy.crt", "--proxy-client-key-file="+tlsDir+"/client-auth-proxy.key")
	start("kube-apiserver", nil, withArgs(api, s.apiArgs)...)
	// As in K3s, controllers and scheduler start when the API answers: waiting for it themselves they would look once a second, and
	// give up after ten (a datastore that has just been started again may take longer to find its majority).
	go func() {
		s.waitForAPI()
		s.startControllers(shared)
	}()
}

func (s *Server) waitForAPI() {
	api := s.apiClient()
	eventually("the API server", func() error { return api.do("GET", "/readyz", nil, nil) })
}

// What they would read of the API to tell who asks them something is given to them: they may not read it yet.
func (s *Server) startControllers(shared bool) {
	manager := []string{
		"--kubeconfig=" + credDir + "/controller.kubeconfig", "--authentication-kubeconfig=" + credDir + "/controller.kubeconfig",
		"--authorization-kubeconfig=" + credDir + "/controller.kubeconfig", "--bind-address=127.0.0.1",
		"--allocate-node-cidrs=true", "--cluster-cidr=" + s.clusterCIDR, "--service-cluster-ip-range=" + s.serviceCIDR,
		"--root-ca-file=" + tlsDir + "/server-ca.crt", "--service-account-private-key-file=" + tlsDir + "/service.key",
		"--authentication-skip-lookup=true", "--client-ca-file=" + tlsDir + "/client-ca.crt",
		"--requestheader-client-ca-file=" + tlsDir + "/request-header-ca.crt", "--use-service-account-credentials=true", "--leader-elect=" + strconv.FormatBool(shared), "--profiling=false",
		"--cluster-signing-cert-file=" + tlsDir + "/client-ca.crt", "--cluster-signing-key-file=" + tlsDir + "/client-ca.key",
	}
	start("kube-controller-manager", nil, withArgs(manager, s.managerArgs)...)
	scheduler := []string{
		"--kubeconfig=" + credDir + "/scheduler.kubeconfig", "--authentication-kubeconfig=" + credDir + "/scheduler.kubeconfig",
		"--authorization-kubeconfig=" + credDir + "/scheduler.kubeconfig", "--bind-address=127.0.0.1", "--authentication-skip-lookup=true",
		"--leader-elect=" + strconv.FormatBool(shared), "--profiling=false",
	}
	start("kube-scheduler", nil, withArgs(scheduler, s.schedArgs)...)
}

func withArgs(args, more []string) []string {
	for _, arg := range more {
		args = append(args, "--"+strings.TrimLeft(arg, "-"))
	}
	return args
}

func (s *Server) apiClient() *apiClient {
	return newAPIClient(apiLocal, s.serverCA.Cert, s.admin)
}

func (s *Server) whenReady() {
	s.waitForAPI()
	api := s.apiClient()
	info("k3s is up and running")
	s.writeKubeconfig()
	go s.deploy(api)
	s.labelNode(api)
}

func (s *Server) writeKubeconfig() {
	embedded := func(text []byte) string { encoded, _ := json.Marshal(text); return "-data: " + string(encoded) }
	server := "https://127.0.0.1:" + strconv.Itoa(s.port)
	text := kubeconfig(server, embedded(s.serverCA.Cert), embedded(s.admin.Cert), embedded(s.admin.Key))
	mode, _ := strconv.ParseUint(s.kubeconfigMode, 8, 32)
	for _, path := range []string{"/etc/rancher/k3s/k3s.yaml", s.kubeconfigOut} {
		if path != "" {
			write(path, text, os.FileMode(mode))
			os.Chmod(path, os.FileMode(mode))
		}
	}
	info("Wrote kubeconfig /etc/rancher/k3s/k3s.yaml")
}

// A kubelet must not call itself a control plane; the server says it.
func (s *Server) labelNode(api *apiClient) {
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true"}
	if s.clusterInit || s.url != "" {
		labels["node-role.kubernetes.io/etcd"] = "true"
	}
	patch := map[string]any{"metadata": map[string]any{"labels": labels}}
	eventually("registration of this node", func() error {
		return api.do("PATCH", "/api/v1/nodes/"+url.PathEscape(s.nodeName), patch, nil)
	})
}

type joinRequest struct{ Name, PeerURL string }
type joinAnswer struct{ InitialCluster string }

func (s *Server) memberAdd(request joinRequest) (joinAnswer, error) {
	if _, err := os.Stat(etcdDir + "/shared"); err != nil {
		return joinAnswer{}, &statusError{http.StatusBadRequest, "this server has no embedded etcd to join: it was not started with --cluster-init"}
	}
	names, err := s.members.add(request.Name, request.PeerURL)
	if err != nil {
		return joinAnswer{}, &statusError{http.StatusServiceUnavailable, fmt.Sprint(err)}
	}
	return joinAnswer{strings.Join(names, ",")}, nil
}
