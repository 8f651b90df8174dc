package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	cniConfig = "/etc/cni/net.d/10-kindnet.conflist"
	chain     = "KSAIL-MASQ"
)

// Node is what the network agent reads of a node.
type Node struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR  string   `json:"podCIDR"`
		PodCIDRs []string `json:"podCIDRs"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

func isIPv6(address string) bool { return strings.Contains(address, ":") }

// network is one node's view of the pod network.
type network struct {
	self   string
	config []byte            // the CNI configuration that was written
	routes map[string]string // pod network of another node → that node's address
}

func runNetwork() error {
	api, err := newAPI()
	if err != nil {
		return err
	}
	n := &network{self: os.Getenv("NODE_NAME"), routes: map[string]string{}}
	go func() {
		for _, subnet := range strings.Split(os.Getenv("POD_SUBNET"), ",") {
			if err := masquerade(strings.TrimSpace(subnet)); err != nil {
				log.Printf("masquerading %s: %v", subnet, err)
			}
		}
	}()
	Follow(api, "/api/v1/nodes",
		func(nodes []Node) {
			wanted := map[string]string{}
			for _, node := range nodes {
				n.update(node)
				for cidr := range n.wants(node) {
					wanted[cidr] = ""
				}
			}
			for cidr := range n.routes { // of nodes that went away while nobody watched
				if _, ok := wanted[cidr]; !ok {
					n.drop(cidr)
				}
			}
		},
		func(node Node, deleted bool) {
			if deleted {
				for cidr := range n.wants(node) {
					n.drop(cidr)
				}
				return
			}
			n.update(node)
		})
	return nil
}

func podCIDRs(node Node) []string {
	if len(node.Spec.PodCIDRs) == 0 && node.Spec.PodCIDR != "" {
		return []string{node.Spec.PodCIDR}
	}
	return node.Spec.PodCIDRs
}

// The routes that another node asks for: none for oneself, and only where there is an address of the same family.
func (n *network) wants(node Node) map[string]string {
	routes := map[string]string{}
	if node.Metadata.Name == n.self {
		return routes
	}
	for _, cidr := range podCIDRs(node) {
		for _, address := range node.Status.Addresses {
			if address.Type == "InternalIP" && isIPv6(address.Address) == isIPv6(cidr) {
				routes[cidr] = address.Address
				break
			}
		}
	}
	return routes
}

func (n *network) update(node Node) {
	if node.Metadata.Name == n.self {
		if cidrs := podCIDRs(node); len(cidrs) > 0 {
			if err := n.writeConfig(cidrs); err != nil {
				log.Printf("CNI configuration: %v", err)
			}
		}
		return
	}
	for cidr, via := range n.wants(node) {
		if n.routes[cidr] == via {
			continue
		}
		if err := run("ip", "route", "replace", cidr, "via", via); err != nil {
			log.Printf("route to %s: %v", node.Metadata.Name, err)
			continue
		}
		log.Printf("route %s via %s (%s)", cidr, via, node.Metadata.Name)
		n.routes[cidr] = via
	}
}

func (n *network) drop(cidr string) {
	if _, ok := n.routes[cidr]; !ok {
		return
	}
	if err := run("ip", "route", "del", cidr); err != nil {
		log.Printf("route %s: %v", cidr, err)
	}
	delete(n.routes, cidr)
}

// The address ranges are kept in /run, so that a restarted node begins with none given away.
func (n *network) writeConfig(cidrs []string) error {
	type object = map[string]any
	ranges, routes := [][]object{}, []object{}
	for _, cidr := range cidrs {
		ranges = append(ranges, []object{{"subnet": cidr}})
		if isIPv6(cidr) {
			routes = append(routes, object{"dst": "::/0"})
		} else {
			routes = append(routes, object{"dst": "0.0.0.0/0"})
		}
	}
	ptp := object{
		"type":   "ptp",
		"ipMasq": false,
		"ipam":   object{"type": "host-local", "dataDir": "/run/cni-ipam-state", "ranges": ranges, "routes": routes},
	}
	if text, err := os.ReadFile("/sys/class/net/eth0/mtu"); err == nil {
		if mtu, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			ptp["mtu"] = mtu
		}
	}
	config, err := json.MarshalIndent(object{
		"cniVersion": "0.3.1",
		"name":       "kindnet",
		"plugins": []object{
			ptp,
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil || bytes.Equal(config, n.config) {
		return err
	}
	// In one step: containerd reads the directory whenever something changes in it.
	temporary := filepath.Dir(cniConfig) + "/.10-kindnet.new"
	if err := os.WriteFile(temporary, config, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, cniConfig); err != nil {
		return err
	}
	n.config = config
	log.Printf("CNI configuration for %s", strings.Join(cidrs, ", "))
	return nil
}

// Traffic of pods to anywhere but other pods gets the node's address. The rules are written in one call and the jump is
// only added once, so that a restart changes nothing.
func masquerade(subnet string) error {
	if subnet == "" {
		return nil
	}
	iptables, restore, multicast := "iptables", "iptables-restore", "224.0.0.0/4"
	if isIPv6(subnet) {
		iptables, restore, multicast = "ip6tables", "ip6tables-restore", "ff00::/8"
	}
	rules := fmt.Sprintf("*nat\n:%[1]s - [0:0]\n-A %[1]s -d %[2]s -j RETURN\n-A %[1]s -d %[3]s -j RETURN\n-A %[1]s -j MASQUERADE\n", chain, subnet, multicast)
	if run(iptables, "-w", "-t", "nat", "-C", "POSTROUTING", "-s", subnet, "-j", chain) != nil {
		rules += fmt.Sprintf("-A POSTROUTING -s %s -j %s\n", subnet, chain)
	}
	command := exec.Command(restore, "-w", "--noflush")
	command.Stdin = strings.NewReader(rules + "COMMIT\n")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
