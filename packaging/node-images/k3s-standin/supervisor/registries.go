package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

type registries struct {
	Mirrors map[string]struct {
		Endpoint []string          `yaml:"endpoint"`
		Rewrite  map[string]string `yaml:"rewrite"`
	} `yaml:"mirrors"`
	Configs map[string]struct {
		Auth struct {
			Username, Password, Token string
		} `yaml:"auth"`
		TLS struct {
			CA       string `yaml:"ca_file"`
			Cert     string `yaml:"cert_file"`
			Key      string `yaml:"key_file"`
			Insecure bool   `yaml:"insecure_skip_verify"`
		} `yaml:"tls"`
	} `yaml:"configs"`
}

// writeRegistries turns registries.yaml into what containerd reads: one hosts.toml for each mirrored registry.
func writeRegistries(file string) {
	const to = agentDir + "/etc/containerd/certs.d/"
	os.RemoveAll(to)
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	var wanted registries
	if err := yaml.Unmarshal(text, &wanted); err != nil {
		fatal("%s: %v", file, err)
	}
	for name, mirror := range wanted.Mirrors {
		hosts := ""
		for _, endpoint := range mirror.Endpoint {
			hosts += fmt.Sprintf("[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
			host := endpoint[strings.Index(endpoint, "//")+2:]
			config := wanted.Configs[strings.SplitN(host, "/", 2)[0]]
			if config.TLS.Insecure {
				hosts += "  skip_verify = true\n"
			}
			if config.TLS.CA != "" {
				hosts += fmt.Sprintf("  ca = %q\n", config.TLS.CA)
			}
			if config.TLS.Cert != "" {
				hosts += fmt.Sprintf("  client = [[%q, %q]]\n", config.TLS.Cert, config.TLS.Key)
			}
			if config.Auth.Username != "" {
				basic := base64.StdEncoding.EncodeToString([]byte(config.Auth.Username + ":" + config.Auth.Password))
				hosts += fmt.Sprintf("  [host.%q.header]\n    Authorization = [\"Basic %s\"]\n", endpoint, basic)
			}
		}
		if name == "*" {
			name = "_default"
		}
		write(to+name+"/hosts.toml", []byte(hosts), 0o600)
	}
}
