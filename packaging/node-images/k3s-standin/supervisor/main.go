// k3s-standin keeps the container contract of the rancher/k3s image (arguments, environment, files, log lines, ports) with
// the published programs of Kubernetes, etcd and containerd behind it. It is not K3s and does not claim to be: it exists so
// that clients of that contract can be tested where the image itself cannot be had.
//
//	k3s server|agent [flags]     a node
//	k3s kubectl|ctr ...          the programs, pointed at this node
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Where the image keeps the programs it runs.
const programs = "/opt/k3s-standin/bin"

// version of the Kubernetes inside.
var version = readVersion()

func logf(level, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, fmt.Sprintf(format, args...))
}

func info(format string, args ...any) { logf("info", format, args...) }

func fatal(format string, args ...any) {
	logf("fatal", format, args...)
	os.Exit(1)
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "k3s" && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "kubectl":
		become(name, append([]string{"kubectl"}, args...), "KUBECONFIG=/etc/rancher/k3s/k3s.yaml")
	case "ctr":
		become(name, append([]string{"ctr"}, args...), "CONTAINERD_ADDRESS="+containerdSocket, "CONTAINERD_NAMESPACE=k8s.io")
	case "--version", "-v":
		fmt.Printf("k3s-standin %s\n", version)
	case "server", "agent":
		if os.Getpid() == 1 {
			os.Exit(beInit())
		}
		settings, err := readSettings(name, args)
		if err != nil {
			fatal("%v", err)
		}
		run(settings)
	default:
		fmt.Fprintln(os.Stderr, "usage: k3s server|agent|kubectl|ctr ...")
		os.Exit(2)
	}
}

// become replaces this process; variables that are set already win.
func become(program string, argv []string, defaults ...string) {
	for _, text := range defaults {
		key, value, _ := strings.Cut(text, "=")
		if os.Getenv(key) == "" {
			os.Setenv(key, value)
		}
	}
	path := filepath.Join(programs, program)
	fmt.Fprintln(os.Stderr, syscall.Exec(path, argv, os.Environ()))
	os.Exit(127)
}

// beInit is the first process of a container: it reaps whatever is orphaned and passes signals on. The node itself runs as a
// child, so that the two kinds of waiting do not take each other's children.
func beInit() int {
	evacuateCgroup()
	child := exec.Command("/proc/self/exe", os.Args[1:]...)
	child.Args[0] = "k3s"
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		fatal("%v", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		for s := range signals {
			child.Process.Signal(s)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 1
		}
		if pid == child.Process.Pid {
			if status.Signaled() {
				return 128 + int(status.Signal())
			}
			return status.ExitStatus()
		}
	}
}

// With cgroup v2 a group that holds processes cannot hand controllers on to groups below it.
func evacuateCgroup() {
	const root = "/sys/fs/cgroup"
	controllers, err := os.ReadFile(root + "/cgroup.controllers")
	if err != nil {
		return
	}
	os.MkdirAll(root+"/init", 0o755)
	pids, _ := os.ReadFile(root + "/cgroup.procs")
	for _, pid := range strings.Fields(string(pids)) {
		os.WriteFile(root+"/init/cgroup.procs", []byte(pid), 0o644)
	}
	for _, controller := range strings.Fields(string(controllers)) {
		os.WriteFile(root+"/cgroup.subtree_control", []byte("+"+controller), 0o644)
	}
}

func readVersion() string {
	text, _ := os.ReadFile(filepath.Join(filepath.Dir(programs), "version"))
	return strings.TrimSpace(string(text))
}
