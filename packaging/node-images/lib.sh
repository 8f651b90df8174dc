# shellcheck shell=bash
# shellcheck disable=SC2034 # much of this is for the scripts that read it
# What the builds of the node images share: caches, Go programs, Debian root file systems and small container images.
# A machine needs root, a Docker engine, debootstrap, and access to a Debian mirror and a Go module proxy. No image
# registry is involved.
#
# Everything that takes long is kept in the user's cache directory under a name made from what it was built of, so that a
# change of a version or of a recipe builds anew and nothing else does.

# Without this a command that fails inside $(...) would go unnoticed, and half a build would be kept for good.
shopt -s inherit_errexit

ksail_cache=${XDG_CACHE_HOME:-$HOME/.cache}/ksail
node_images=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
debian_suite=bookworm

# Kubernetes 1.34 asks for Go 1.24. When the machine has none, or an older one, this one is fetched; the sum is of the
# module archive.
go_least=1.24
go_fetched=1.26.3
go_fetched_sum=31905a748926ceb42bda1b1c490508b8734fb4e1492c6187b4d52ea1ba722b15

log() { printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# A short name for a text: what a cached thing is made of.
key_of() { printf '%s\n' "$@" | sha256sum | cut -c1-16; }

# The key of files: their names below the recipes and their content.
key_of_files() {
    local file
    for file in "$@"; do
        printf '%s %s\n' "$(sha256sum <"$file")" "${file#"$node_images"/}"
    done | sha256sum | cut -c1-16
}

# A directory for unfinished work, on the same file system as the cache so that finished work can be moved into place.
new_work_dir() {
    mkdir -p "$ksail_cache/tmp"
    mktemp -d "$ksail_cache/tmp/${1:-work}.XXXXXX"
}

# Runs a command while nobody else does the same: two builds at once would only slow each other down.
locked() {
    local name=$1
    shift
    mkdir -p "$ksail_cache/locks"
    (
        flock 8
        "$@" 8>&-
    ) 8>"$ksail_cache/locks/$name"
}

#--- Go ---------------------------------------------------------------------------------------------------------------

go_is_recent() {
    local version
    version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    [[ $(printf '%s\n' "go$go_least" "$version" | sort -V | head -n1) == "go$go_least" ]]
}

# The path of a Go that is recent enough.
find_go() {
    local candidate
    for candidate in "$(command -v go || true)" /usr/local/go/bin/go "$ksail_cache/go-$go_fetched/bin/go"; do
        if [[ -x $candidate ]] && go_is_recent "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    locked go fetch_go >&2
    printf '%s\n' "$ksail_cache/go-$go_fetched/bin/go"
}

# Go itself is a module too, so the module proxy is enough to get it.
fetch_go() {
    local work proxy module=golang.org/toolchain version=v0.0.1-go$go_fetched.linux-amd64
    [[ -x $ksail_cache/go-$go_fetched/bin/go ]] && return 0
    work=$(new_work_dir go)
    proxy=${GOPROXY:-$(go env GOPROXY 2>/dev/null || true)}
    proxy=${proxy:-https://proxy.golang.org}
    log "fetching Go $go_fetched"
    curl --fail --silent --show-error --location --output "$work/go.zip" "${proxy%%[,|]*}/$module/@v/$version.zip"
    printf '%s  %s\n' "$go_fetched_sum" "$work/go.zip" | sha256sum --check --quiet - || die "the fetched Go is not the expected one"
    unzip -q "$work/go.zip" -d "$work"
    # A module archive carries no permissions.
    chmod -R u+w "$work/$module@$version"
    chmod +x "$work/$module@$version"/bin/* "$work/$module@$version"/pkg/tool/*/*
    mv "$work/$module@$version" "$ksail_cache/go-$go_fetched"
    rm -rf "$work"
}

# Go with nothing of the user's settings that would change what is built. Checksums stay verified.
run_go() {
    local go
    go=$(find_go)
    env GOFLAGS= GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0 "$go" "$@"
}

# build_go NAME MODULE@VERSION LDFLAGS PACKAGE... builds commands of a published module and prints the directory they are
# in. A function prepare_NAME, if there is one, may complete the wrapper module in the current directory first.
build_go() {
    local name=$1 key dir prepare go_version
    # Its text is part of what the programs are made of.
    prepare=$(declare -f "prepare_$name" || true)
    go_version=$(run_go env GOVERSION)
    key=$(key_of "$@" "$prepare" "$go_version")
    dir=$ksail_cache/go-programs/$name-${2##*@}-$key
    [[ -d $dir ]] || locked "$name" build_go_now "$dir" "$@" >&2
    printf '%s\n' "$dir"
}

build_go_now() {
    local dir=$1 name=$2 module=$3 ldflags=$4 work
    shift 4
    [[ -d $dir ]] && return 0
    log "building $name ${module##*@}"
    work=$(new_work_dir "$name")
    mkdir "$work/bin" "$work/module"
    (
        cd "$work/module" || exit
        run_go mod init "ksail.local/$name" 2>/dev/null
        if declare -F "prepare_$name" >/dev/null; then
            "prepare_$name" "$module"
        else
            run_go get "$module"
        fi
        run_go build -mod=mod -trimpath -buildvcs=false -ldflags "-s -w $ldflags" -o "$work/bin/" "$@"
    )
    mkdir -p "${dir%/*}"
    mv "$work/bin" "$dir"
    rm -rf "$work"
}

# build_go_here NAME DIRECTORY builds the program whose source is in the repository.
build_go_here() {
    local name=$1 source=$2 dir
    dir=$(run_go env GOVERSION)
    dir=$ksail_cache/go-programs/$name-$dir-$(key_of_files "$source"/*.go "$source/go.mod")
    if [[ ! -d $dir ]]; then
        log "building $name"
        rm -rf "$dir.tmp"
        mkdir -p "$dir.tmp"
        (cd "$source" && run_go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$dir.tmp/$name" .)
        mv "$dir.tmp" "$dir"
    fi
    printf '%s\n' "$dir"
}

#--- Kubernetes and what comes with it --------------------------------------------------------------------------------

kubernetes_commands=(kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubeadm kubectl kubelet)

# kubernetes v1.N.P: the directory with its commands.
kubernetes() {
    local version=$1 major minor flags='' package command packages=()
    IFS=. read -r major minor _ <<<"${version#v}"
    # kubeadm refuses to work without a version.
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
        flags+=" -X $package.gitTreeState=clean -X $package.gitCommit=0000000000000000000000000000000000000000"
        flags+=" -X $package.buildDate=1970-01-01T00:00:00Z"
    done
    for command in "${kubernetes_commands[@]}"; do
        packages+=("k8s.io/kubernetes/cmd/$command")
    done
    build_go kubernetes "k8s.io/kubernetes@$version" "$flags" "${packages[@]}"
}

# The repository of Kubernetes takes its own parts from its own folders; published they are modules numbered v0 instead
# of v1, and the wrapper has to say so for each.
prepare_kubernetes() {
    local version=${1##*@} gomod
    run_go mod download "k8s.io/kubernetes@$version"
    gomod=$(run_go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/$version.mod
    {
        printf 'module ksail.local/kubernetes\n\n'
        grep -E '^(go|godebug) ' "$gomod"
        printf '\nrequire k8s.io/kubernetes %s\n\nreplace (\n' "$version"
        sed -nE "s|^[[:space:]]*(replace )?(k8s.io/[^ ]+) => ./staging/.*|\t\2 => \2 v0.${version#v1.}|p" "$gomod"
        printf ')\n'
    } >go.mod
    {
        printf '//go:build tools\n\npackage tools\n\nimport (\n'
        printf '\t_ "k8s.io/kubernetes/cmd/%s"\n' "${kubernetes_commands[@]}"
        printf ')\n'
    } >tools.go
    run_go mod tidy
}

etcd() { build_go etcd "go.etcd.io/etcd/server/v3@$1" '' go.etcd.io/etcd/server/v3; }

prepare_etcd() {
    run_go get "$1"
}

# coredns v1.N.P with the plugins that the Corefile of kubeadm names, and a few that people add to it.
coredns() { build_go coredns "github.com/coredns/coredns@$1" '' .; }

prepare_coredns() {
    local plugin
    {
        printf 'package main\n\nimport (\n\t"github.com/coredns/coredns/coremain"\n\n'
        for plugin in bind cache errors forward health hosts kubernetes log loadbalance loop metrics ready reload rewrite template; do
            printf '\t_ "github.com/coredns/coredns/plugin/%s"\n' "$plugin"
        done
        printf ')\n\nfunc main() { coremain.Run() }\n'
    } >main.go
    run_go get "$1"
}

containerd() {
    build_go containerd "github.com/containerd/containerd/v2@$1" \
        "-X github.com/containerd/containerd/v2/version.Version=$1" \
        github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}
}

cni_plugins() {
    build_go cni_plugins "github.com/containernetworking/plugins@$1" \
        "-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=$1" \
        github.com/containernetworking/plugins/plugins/{ipam/host-local,main/loopback,main/ptp,meta/portmap}
}

kind() { build_go kind "sigs.k8s.io/kind@$1" '' sigs.k8s.io/kind; }
k3d() { build_go k3d "github.com/k3d-io/k3d/v5@$1" "-X github.com/k3d-io/k3d/v5/version.Version=$1" github.com/k3d-io/k3d/v5; }
kustomize() {
    build_go kustomize "sigs.k8s.io/kustomize/kustomize/v5@$1" \
        "-X sigs.k8s.io/kustomize/api/provenance.version=$1" sigs.k8s.io/kustomize/kustomize/v5
}

# The directory of a module's files.
module_dir() {
    (cd / && run_go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'
}

#--- Debian -----------------------------------------------------------------------------------------------------------

# The mirror this machine uses itself, if it is one of the right suite; otherwise debootstrap's own choice.
debian_mirror() {
    if [[ -n ${KSAIL_DEBIAN_MIRROR:-} ]]; then
        printf '%s\n' "$KSAIL_DEBIAN_MIRROR"
    elif command -v apt-get >/dev/null; then
        # shellcheck disable=SC2016 # the names are apt's
        apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
            awk -v suite="$debian_suite" '$1 == suite && $2 == "main" { print $3; exit }'
    fi
}

# debian_tar PACKAGE...: a minimal Debian with these packages, as a tar archive.
debian_tar() {
    local tar
    tar=$ksail_cache/rootfs/debian-$debian_suite-$(key_of "$@").tar
    [[ -e $tar ]] || locked debian debian_tar_now "$tar" "$@" >&2
    printf '%s\n' "$tar"
}

# What a Kubernetes node needs of Debian, and the tools that the images of its system pods are made from.
node_packages=(
    systemd systemd-sysv runc iptables nftables iproute2 conntrack ethtool socat kmod mount util-linux procps
    ca-certificates jq libseccomp2 curl pigz busybox
)

debian_tar_now() {
    local tar=$1 work mirror
    shift
    [[ -e $tar ]] && return 0
    command -v debootstrap >/dev/null || die "debootstrap is not installed"
    work=$(new_work_dir debian)
    mirror=$(debian_mirror)
    log "debootstrap of $debian_suite"
    debootstrap --variant=minbase --components=main --include="$(IFS=,; printf '%s' "$*")" "$debian_suite" "$work" ${mirror:+"$mirror"} >"$work.log" ||
        die "debootstrap failed, see $work.log"
    rm -rf "$work"/var/cache/apt/* "$work"/var/lib/apt/lists/* "$work"/var/log/* "$work"/usr/share/{doc,man,locale,info,lintian}/*
    mkdir -p "${tar%/*}"
    tar --create --file="$tar.tmp" --directory="$work" --numeric-owner --sort=name .
    mv "$tar.tmp" "$tar"
    rm -rf "$work" "$work.log"
}

#--- Container images -------------------------------------------------------------------------------------------------

# An archive of images is put together by hand: one layer for each, no engine needed, and the same files give the same
# bytes. begin_archive, add_image for each image, end_archive; the result is what `docker save` writes, so docker and
# containerd can load it.
begin_archive() {
    archive_work=$(new_work_dir archive)
    archive_manifest=''
}

# add_image NAME DIRECTORY CONFIG: CONFIG is the inside of the JSON object of the image's run configuration.
add_image() {
    local name=$1 dir=$2 config=$3 layer id
    tar --create --file="$archive_work/layer" --directory="$dir" --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 .
    layer=$(sha256sum <"$archive_work/layer" | cut -d' ' -f1)
    mv "$archive_work/layer" "$archive_work/$layer.tar"
    printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"ksail"}]}' \
        "$(run_go env GOARCH)" "$config" "$layer" >"$archive_work/config"
    id=$(sha256sum <"$archive_work/config" | cut -d' ' -f1)
    mv "$archive_work/config" "$archive_work/$id.json"
    archive_manifest+="${archive_manifest:+,}{\"Config\":\"$id.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"$layer.tar\"]}"
}

end_archive() {
    printf '[%s]' "$archive_manifest" >"$archive_work/manifest.json"
    mkdir -p "${1%/*}"
    tar --create --file="$1.tmp" --directory="$archive_work" --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 .
    mv "$1.tmp" "$1"
    rm -rf "$archive_work"
}

# copy_with_libraries ROOT TO FILE...: files of a root file system with the libraries they load.
copy_with_libraries() {
    local root=$1 to=$2 file library
    shift 2
    for file in "$@"; do
        # ldd runs inside the root file system, so that its own libraries are meant.
        for library in "$file" $(chroot "$root" ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' || true); do
            mkdir -p "$to${library%/*}"
            [[ -e $to$library ]] || cp --dereference "$root$library" "$to$library"
        done
    done
}

# What kube-proxy and the network agent call: iptables with every extension and every library that one of them needs (a
# missing one is only noticed as a Service that does not answer), nft and ip.
network_tools() {
    local root=$1 to=$2 library name libraries=()
    for library in "$root"/usr/lib/*/xtables/*.so; do
        libraries+=("${library#"$root"}")
    done
    copy_with_libraries "$root" "$to" /usr/sbin/xtables-nft-multi /usr/sbin/nft /bin/ip "${libraries[@]}"
    for name in ip{,6}tables{,-save,-restore}; do
        ln -s xtables-nft-multi "$to/usr/sbin/$name"
    done
    mkdir -p "$to/etc" "$to/run" "$to/tmp"
    cp "$root"/etc/{protocols,services,ethertypes} "$to/etc/" 2>/dev/null || true
}

# The images of the control plane, the add-ons and a busybox for tests, as one archive:
# kubernetes_images KUBERNETES ETCD COREDNS DEBIAN, the directories of the programs and what debian_tar printed (with
# node_packages).
agent_image=ksail.local/node-agent:1
busybox_image=ksail.local/busybox:1.35

kubernetes_images() {
    local kubernetes=$1 key archive
    key=$(key_of "$@" "$(key_of_files "$node_images"/agents/* "$node_images"/{lib.sh,pause.c})")
    archive=$ksail_cache/images/kubernetes-${kubernetes##*/}-$key.tar
    [[ -e $archive ]] || kubernetes_images_now "$archive" "$@" >&2
    printf '%s\n' "$archive"
}

kubernetes_images_now() {
    local archive=$1 kubernetes=$2 etcd=$3 coredns=$4 debian=$5 agent work root image images name dir
    local path='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'
    log "container images"
    images=$("$kubernetes/kubeadm" config images list --kubernetes-version "$("$kubernetes/kubeadm" version -o short)")
    agent=$(build_go_here node-agent "$node_images/agents")
    work=$(new_work_dir images)
    root=$work/debian
    mkdir "$root"
    tar --extract --file="$debian" --directory="$root"
    begin_archive
    # The names are what kubeadm will ask for.
    while read -r image; do
        name=${image##*/}
        name=${name%%:*}
        dir=$work/$name
        mkdir -p "$dir/usr/local/bin" "$dir/tmp"
        case $name in
        pause)
            "${CC:-cc}" -Os -static -o "$dir/pause" "$node_images/pause.c"
            add_image "$image" "$dir" "$path,\"Entrypoint\":[\"/pause\"],\"User\":\"65535:65535\""
            ;;
        etcd)
            cp "$etcd/server" "$dir/usr/local/bin/etcd"
            add_image "$image" "$dir" "$path,\"Entrypoint\":[\"etcd\"]"
            ;;
        coredns)
            cp "$coredns/coredns" "$dir/coredns"
            add_image "$image" "$dir" "$path,\"Entrypoint\":[\"/coredns\"],\"WorkingDir\":\"/\""
            ;;
        kube-proxy)
            network_tools "$root" "$dir"
            cp "$kubernetes/$name" "$dir/usr/local/bin/"
            add_image "$image" "$dir" "$path"
            ;;
        *)
            cp "$kubernetes/$name" "$dir/usr/local/bin/"
            add_image "$image" "$dir" "$path"
            ;;
        esac
    done <<<"$images"

    dir=$work/node-agent
    mkdir -p "$dir/usr/local/bin"
    network_tools "$root" "$dir"
    cp "$agent/node-agent" "$dir/usr/local/bin/"
    add_image "$agent_image" "$dir" "$path,\"Entrypoint\":[\"node-agent\"]"

    # One program with many names: a shell, a web server and a resolver for tests and first steps. With its libraries, so that
    # names resolve as in any other program. (Its `wget -T` crashes, a fault of this build; `timeout` serves.)
    dir=$work/busybox
    mkdir -p "$dir"/{bin,etc,tmp,var,www,root}
    copy_with_libraries "$root" "$dir" /bin/busybox
    for name in $(chroot "$root" /bin/busybox --list); do
        [[ $name == busybox ]] || ln -s busybox "$dir/bin/$name"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$dir/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$dir/etc/group"
    printf 'hello\n' >"$dir/www/index.html"
    add_image "$busybox_image" "$dir" "$path,\"Cmd\":[\"sh\"]"
    end_archive "$archive"
    rm -rf "$work"
}
