package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	agentDir         = dataDir + "/agent"
	containerdSocket = "/run/k3s/containerd/containerd.sock"
	accountDir       = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// AgentConfig is what a node gets of a server.
type AgentConfig struct {
	Kubelet, KubeletServing, Proxy Pair
	ServerCA, ClientCA             []byte
	NetworkToken                   string
	ClusterCIDR, ClusterDNS        string
	Domain                         string
	NoNetwork, NoProxy             bool
}

func (s *Server) agentConfig(name, ip string) AgentConfig {
	return AgentConfig{
		Kubelet:        s.clientCA.issue("system:node:"+name, []string{"system:nodes"}),
		KubeletServing: s.serverCA.issue(name, nil, name, ip, "127.0.0.1", "localhost"),
		Proxy:          s.clientCA.issue("system:kube-proxy", nil),
		ServerCA:       s.serverCA.Cert, ClientCA: s.clientCA.Cert, NetworkToken: s.networkToken,
		ClusterCIDR: s.clusterCIDR, ClusterDNS: s.clusterDNS, Domain: s.domain,
		NoNetwork: s.flannel == "none", NoProxy: s.disableProxy,
	}
}

func joinAsAgent(s *Settings) AgentConfig {
	var config AgentConfig
	var client *supervisorClient
	startContainerd(s)
	eventually("the server "+s.url, func() error {
		var err error
		if client, err = newSupervisorClient(s.url, s.token); err != nil {
			return err
		}
		err = client.post("/v1-k3s/agent", map[string]string{"Name": s.nodeName, "IP": s.nodeIP}, &config)
		if status, ok := err.(*statusError); ok && status.code == 401 {
			fatal("failed to validate token: %v", err)
		}
		return err
	})
	return config
}

func runAgent(s *Settings, config AgentConfig) {
	server := s.url
	if s.server {
		server = apiLocal
		startContainerd(s)
	}
	if _, err := os.Stat("/etc/machine-id"); err != nil {
		id := make([]byte, 16)
		rand.Read(id)
		write("/etc/machine-id", []byte(hex.EncodeToString(id)+"\n"), 0o444)
	}
	write(agentDir+"/server-ca.crt", config.ServerCA, 0o644)
	write(agentDir+"/client-ca.crt", config.ClientCA, 0o644)
	config.Kubelet.write(agentDir + "/client-kubelet")
	config.KubeletServing.write(agentDir + "/serving-kubelet")
	config.Proxy.write(agentDir + "/client-kube-proxy")
	for name, cert := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy"} {
		write(agentDir+"/"+name+".kubeconfig", kubeconfig(server, ": "+agentDir+"/server-ca.crt", ": "+agentDir+"/"+cert+".crt", ": "+agentDir+"/"+cert+".key"), 0o600)
	}
	api := newAPIClient(server, config.ServerCA, config.Kubelet)
	eventually("the API server", func() error { return api.do("GET", "/readyz", nil, nil) })
	startKubelet(s, config)
	if !config.NoNetwork {
		startNetwork(s, config, server)
	}
	if !config.NoProxy {
		start("kube-proxy", nil, withArgs([]string{"--kubeconfig=" + agentDir + "/kubeproxy.kubeconfig", "--cluster-cidr=" + config.ClusterCIDR,
			"--hostname-override=" + s.nodeName, "--proxy-mode=iptables", "--conntrack-max-per-core=0", "--healthz-bind-address=127.0.0.1"}, s.proxyArgs)...)
	}
	eventually("registration of this node", func() error { return api.do("GET", "/api/v1/nodes/"+s.nodeName, nil, nil) })
	info("Successfully registered node %s", s.nodeName)
}

func startContainerd(s *Settings) {
	writeRegistries(s.registries)
	start("containerd", []string{"PATH=" + programs + ":" + os.Getenv("PATH")}, "--config=/opt/k3s-standin/containerd.toml", "--log-level=warn")
	eventually("containerd", func() error { _, err := os.Stat(containerdSocket); return err })
	info("containerd is now running")
}

func startKubelet(s *Settings, config AgentConfig) {
	resolv := s.resolvConf
	if resolv == "" {
		resolv = usableResolvConf()
	}
	text, _ := json.Marshal(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"authentication":              map[string]any{"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true}, "x509": map[string]any{"clientCAFile": agentDir + "/client-ca.crt"}},
		"authorization":               map[string]any{"mode": "Webhook"},
		"tlsCertFile":                 agentDir + "/serving-kubelet.crt",
		"tlsPrivateKeyFile":           agentDir + "/serving-kubelet.key",
		"cgroupDriver":                "cgroupfs",
		"failCgroupV1":                false,
		"clusterDNS":                  []string{config.ClusterDNS},
		"clusterDomain":               config.Domain,
		"containerRuntimeEndpoint":    "unix://" + containerdSocket,
		"resolvConf":                  resolv,
		"failSwapOn":                  false,
		"oomScoreAdj":                 0,
		"serializeImagePulls":         false,
		"evictionHard":                map[string]string{"imagefs.available": "5%", "nodefs.available": "5%"},
		"imageGCHighThresholdPercent": 100,
		"nodeStatusReportFrequency":   "5m0s",
		"shutdownGracePeriod":         "0s",
	})
	write(agentDir+"/etc/kubelet.conf", text, 0o644)
	args := []string{"--config=" + agentDir + "/etc/kubelet.conf", "--kubeconfig=" + agentDir + "/kubelet.kubeconfig",
		"--hostname-override=" + s.nodeName, "--node-ip=" + s.nodeIP}
	if len(s.nodeLabels) > 0 {
		args = append(args, "--node-labels="+strings.Join(s.nodeLabels, ","))
	}
	if len(s.nodeTaints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(s.nodeTaints, ","))
	}
	start("kubelet", []string{"PATH=" + programs + ":" + os.Getenv("PATH")}, withArgs(args, s.kubeletArgs)...)
}

// A resolver on the loopback of the node is no resolver for its pods. K3s takes a public one then.
func usableResolvConf() string {
	text, _ := os.ReadFile("/etc/resolv.conf")
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == "nameserver" && !strings.HasPrefix(fields[1], "127.") {
			return "/etc/resolv.conf"
		}
	}
	write(agentDir+"/etc/resolv.conf", []byte("nameserver 8.8.8.8\n"), 0o644)
	return agentDir + "/etc/resolv.conf"
}

// The network agent of the node images: CNI configuration, routes to the other nodes, masquerading.
func startNetwork(s *Settings, config AgentConfig, server string) {
	write(accountDir+"/token", []byte(config.NetworkToken), 0o600)
	write(accountDir+"/ca.crt", config.ServerCA, 0o644)
	os.MkdirAll("/etc/cni/net.d", 0o755)
	start("node-agent", []string{"NODE_NAME=" + s.nodeName, "POD_SUBNET=" + config.ClusterCIDR,
		"CONTROL_PLANE_ENDPOINT=" + strings.TrimPrefix(server, "https://")}, "network")
	go func() {
		file := "/etc/cni/net.d/10-kindnet.conflist"
		since := time.Now()
		eventually("the pod network", func() error { _, err := os.Stat(file); return err })
		info("Pod network configured after %s (%s)", time.Since(since).Round(time.Millisecond), filepath.Base(file))
	}()
}
