package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const dataDir = "/var/lib/rancher/k3s"

// Settings of a node. Flags win over configuration files, those over the environment.
type Settings struct {
	server                                       bool
	token, tokenFile, url                        string
	clusterInit                                  bool
	sans, disable                                list
	kubeletArgs, apiArgs, managerArgs, schedArgs list
	proxyArgs, etcdArgs                          list
	nodeName, nodeIP                             string
	nodeLabels, nodeTaints                       list
	kubeconfigOut, kubeconfigMode                string
	clusterCIDR, serviceCIDR, clusterDNS, domain string
	port                                         int
	resolvConf, flannel, config, registries      string
	disableProxy                                 bool
}

// list is a flag that may be repeated; what is given may also be separated by commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }
func (l *list) Set(text string) error {
	for _, item := range strings.Split(text, ",") {
		if item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

// args is the same without the commas: they belong to the arguments of other programs.
type args struct{ to *list }

func (a args) String() string {
	if a.to == nil {
		return ""
	}
	return a.to.String()
}
func (a args) Set(text string) error { *a.to = append(*a.to, text); return nil }

func flagSet(s *Settings, role string) *flag.FlagSet {
	f := flag.NewFlagSet("k3s "+role, flag.ContinueOnError)
	text := func(to *string, variable, fallback string, names ...string) {
		if value := os.Getenv(variable); variable != "" && value != "" {
			fallback = value
		}
		*to = fallback
		for _, name := range names {
			f.StringVar(to, name, fallback, "")
		}
	}
	ignored := func(names ...string) {
		for _, name := range names {
			f.Var(new(list), name, "accepted, without effect here")
		}
	}
	text(&s.token, "K3S_TOKEN", "", "token", "t")
	text(&s.tokenFile, "K3S_TOKEN_FILE", "", "token-file")
	text(&s.url, "K3S_URL", "", "server", "s")
	text(&s.nodeName, "K3S_NODE_NAME", "", "node-name")
	text(&s.nodeIP, "", "", "node-ip", "i")
	text(&s.resolvConf, "K3S_RESOLV_CONF", "", "resolv-conf")
	text(&s.config, "K3S_CONFIG_FILE", "/etc/rancher/k3s/config.yaml", "config", "c")
	text(&s.registries, "", "/etc/rancher/k3s/registries.yaml", "private-registry")
	f.Var(args{&s.kubeletArgs}, "kubelet-arg", "")
	f.Var(args{&s.proxyArgs}, "kube-proxy-arg", "")
	f.Var(&s.nodeLabels, "node-label", "")
	f.Var(&s.nodeTaints, "node-taint", "")
	ignored("snapshotter", "pause-image", "log", "l", "alsologtostderr", "v", "protect-kernel-defaults", "disable-default-registry-endpoint")
	f.Bool("debug", false, "")
	if role == "agent" {
		return f
	}
	text(&s.kubeconfigOut, "K3S_KUBECONFIG_OUTPUT", "", "write-kubeconfig", "o")
	text(&s.kubeconfigMode, "K3S_KUBECONFIG_MODE", "0600", "write-kubeconfig-mode")
	text(&s.clusterCIDR, "", "10.42.0.0/16", "cluster-cidr")
	text(&s.serviceCIDR, "", "10.43.0.0/16", "service-cidr")
	text(&s.clusterDNS, "", "", "cluster-dns")
	text(&s.domain, "", "cluster.local", "cluster-domain")
	text(&s.flannel, "", "vxlan", "flannel-backend")
	f.BoolVar(&s.clusterInit, "cluster-init", os.Getenv("K3S_CLUSTER_INIT") == "true", "")
	f.BoolVar(&s.disableProxy, "disable-kube-proxy", false, "")
	f.IntVar(&s.port, "https-listen-port", 6443, "")
	f.Var(&s.sans, "tls-san", "")
	f.Var(&s.disable, "disable", "")
	f.Var(args{&s.apiArgs}, "kube-apiserver-arg", "")
	f.Var(args{&s.managerArgs}, "kube-controller-manager-arg", "")
	f.Var(args{&s.schedArgs}, "kube-scheduler-arg", "")
	f.Var(args{&s.etcdArgs}, "etcd-arg", "")
	for _, name := range []string{"etcd-disable-snapshots", "disable-network-policy", "disable-cloud-controller", "disable-helm-controller", "secrets-encryption", "embedded-registry"} {
		f.Bool(name, false, "accepted, without effect here")
	}
	return f
}

func readSettings(role string, argv []string) (*Settings, error) {
	s := &Settings{server: role == "server"}
	f := flagSet(s, role)
	// The configuration files come first, so that what is on the command line is set after them.
	path := f.Lookup("config").DefValue
	for i, arg := range argv {
		if value, found := strings.CutPrefix(arg, "--config="); found {
			path = value
		} else if (arg == "--config" || arg == "-c") && i+1 < len(argv) {
			path = argv[i+1]
		}
	}
	more, _ := filepath.Glob(path + ".d/*.yaml")
	sort.Strings(more)
	var fromFiles []string
	for _, file := range append([]string{path}, more...) {
		flags, err := flagsOf(file)
		if err != nil {
			return nil, err
		}
		fromFiles = append(fromFiles, flags...)
	}
	if err := f.Parse(append(fromFiles, argv...)); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return s, s.complete()
}

// flagsOf turns `key: value`, `key: true` and `key: [a, b]` into flags.
func flagsOf(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var flags []string
	for key, value := range values {
		items, many := value.([]any)
		if !many {
			items = []any{value}
		}
		for _, item := range items {
			flags = append(flags, fmt.Sprintf("--%s=%v", strings.TrimSuffix(key, "+"), item))
		}
	}
	return flags, nil
}

func (s *Settings) complete() error {
	if s.token == "" && s.tokenFile != "" {
		text, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return err
		}
		s.token = strings.TrimSpace(string(text))
	}
	if s.nodeName == "" {
		s.nodeName, _ = os.Hostname()
	}
	s.nodeName = strings.ToLower(s.nodeName)
	if s.nodeIP == "" {
		s.nodeIP = ownAddress()
	}
	if !s.server && s.url == "" {
		return errors.New("--server is required")
	}
	if s.url != "" {
		if s.token == "" {
			return errors.New("--token is required")
		}
		if u, err := url.Parse(s.url); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("--server %q is no https address", s.url)
		}
	}
	if !s.server {
		return nil
	}
	for _, name := range s.disable {
		switch name {
		case "coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes":
		default:
			return fmt.Errorf("--disable: unknown component %q", name)
		}
	}
	if _, err := strconv.ParseUint(s.kubeconfigMode, 8, 32); err != nil {
		return fmt.Errorf("--write-kubeconfig-mode %q is no file mode", s.kubeconfigMode)
	}
	if s.clusterDNS == "" {
		address, err := addressIn(s.serviceCIDR, 10)
		if err != nil {
			return err
		}
		s.clusterDNS = address
	}
	return nil
}

func (s *Settings) disabled(name string) bool {
	for _, item := range s.disable {
		if item == name {
			return true
		}
	}
	return false
}

// The address that packets to elsewhere leave from; nothing is sent.
func ownAddress() string {
	connection, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return "127.0.0.1"
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

// addressIn is the address `index` after the base of a network.
func addressIn(cidr string, index byte) (string, error) {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil {
		return "", err
	}
	ip := append(net.IP{}, network.IP.To4()...)
	if ip == nil {
		return "", fmt.Errorf("%s is not an IPv4 network", cidr)
	}
	ip[3] += index
	return ip.String(), nil
}
