# shellcheck shell=bash
# Talos' own programs, machined and talosctl, from its published module. Sourced after lib.sh.
#
# What is built is a copy of the module's folder, in which
# - the forks of containerd, CoreDNS and wgctrl are replaced by their upstreams (the forks are not published as modules); CoreDNS'
#   upstream lacks two calls of the fork, so that a proxy gets a Close and the cache of the node's resolver is made anew
#   instead of cleared;
# - machined makes no process less likely to be killed when memory runs out: root needs CAP_SYS_RESOURCE for that, which the
#   root of a lab machine may lack. The kubelet sees the control groups with their sub-mounts, which cgroup v1 needs.

talos_module=github.com/siderolabs/talos
coredns_of_talos=v1.14.2

machined() { build_go machined "$talos_module@$1" "$(talos_flags "$1") -X golang.zx2c4.com/wireguard/ipc.socketDirectory=/system/wireguard-sock" -tags tcell_minimal,grpcnotrace ./internal/app/machined; }
talosctl() { build_go talosctl "$talos_module@$1" "$(talos_flags "$1")" -tags grpcnotrace ./cmd/talosctl; }

talos_flags() {
    printf '%s' "-X $talos_module/pkg/machinery/version.Tag=$1 -X $talos_module/pkg/machinery/version.Name=Talos"
    printf ' %s' "-X $talos_module/pkg/machinery/version.SHA=00000000" "-X $talos_module/pkg/machinery/gendata.VersionTag=$1"
}

prepare_talosctl() { prepare_machined "$1"; }

# The module's folder, made buildable, in place of the wrapper module in the current directory.
prepare_machined() {
    local version=${1##*@} source file
    source=$(module_dir "$1")
    rm -f go.mod
    cp -r --no-preserve=mode,ownership "$source/." .
    rm -f go.work go.work.sum
    run_go mod edit \
        -dropreplace github.com/coredns/coredns -require "github.com/coredns/coredns@$coredns_of_talos" \
        -dropreplace golang.zx2c4.com/wireguard/wgctrl \
        -dropreplace github.com/containerd/containerd/v2 \
        -dropreplace "$talos_module/pkg/machinery" -require "$talos_module/pkg/machinery@$version"

    cat >internal/pkg/dns/upstream.go <<'GO'
package dns

import "github.com/coredns/coredns/plugin/pkg/proxy"

// Upstream gives a proxy the Close that the rest of the code calls.
type Upstream struct{ *proxy.Proxy }

// Close ends its health checks; idle connections go with the proxy.
func (u Upstream) Close() { u.Stop() }
GO
    # The next handler is set again whenever the cache is made anew.
    sed -i \
        -e '/^	c := cache.NewCache($/,/^	)$/c\	c := cache.New()' \
        -e 's|^func (c \*Cache) Clear() .*|func (c *Cache) Clear() {\n\tfresh := cache.New()\n\tfresh.Next = c.cache.Next\n\tc.cache = fresh\n}|' \
        -e '/"github.com\/coredns\/coredns\/plugin\/pkg\/dnsutil"/d' internal/pkg/dns/dns.go
    for file in internal/app/machined/pkg/controllers/network/dns_{upstream,resolve_cache}.go; do
        sed -i \
            -e 's|network.NewDNSConn(proxy.NewProxy(\(.*\)))$|network.NewDNSConn(dns.Upstream{Proxy: proxy.NewProxy(\1)})|' \
            -e 's|\.(\*proxy\.Proxy)$|.(dns.Upstream).Proxy|' "$file"
        grep -qF '"github.com/siderolabs/talos/internal/pkg/dns"' "$file" ||
            sed -i '0,/"github.com\/siderolabs\/talos\/pkg\/machinery/s||"github.com/siderolabs/talos/internal/pkg/dns"\n\t&|' "$file"
    done

    sed -i 's|	if p.opts.OOMScoreAdj != 0 {|	if false {|' internal/app/machined/pkg/system/runner/process/process.go
    sed -i 's|	if c.opts.OOMScoreAdj != 0 {|	if false {|' internal/app/machined/pkg/system/runner/containerd/containerd.go
    sed -i 's|config.OOMScoreAdj = new(int32(constants.KubeletOOMScoreAdj))|config.OOMScoreAdj = new(int32(0))|' \
        internal/app/machined/pkg/controllers/k8s/kubelet_spec.go
    sed -i '/Source: constants.CgroupMountPath/s|"bind", "rw"|"rbind", "rw"|' internal/app/machined/pkg/system/services/kubelet.go
}
