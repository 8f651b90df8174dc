package main

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// The programs of this node. One that ends ends the node: the container's restart policy decides what follows.
var processes struct {
	sync.Mutex
	running  []*exec.Cmd
	stopping bool
}

func start(name string, env []string, args ...string) {
	processes.Lock()
	defer processes.Unlock()
	if processes.stopping {
		return
	}
	cmd := exec.Command(filepath.Join(programs, name), args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	info("Running %s", name)
	if err := cmd.Start(); err != nil {
		fatal("%s: %v", name, err)
	}
	processes.running = append(processes.running, cmd)
	go func() {
		err := cmd.Wait()
		processes.Lock()
		stopping := processes.stopping
		processes.Unlock()
		if !stopping {
			fatal("%s exited: %v", name, err)
		}
	}()
}

// On a signal everything is stopped, the last started first, so that the datastore outlives what writes to it.
func stopOnSignal() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		<-signals
		processes.Lock()
		processes.stopping = true
		running := processes.running
		processes.Unlock()
		info("Stopping")
		for i := len(running) - 1; i >= 0; i-- {
			running[i].Process.Signal(syscall.SIGTERM)
		}
		deadline := time.Now().Add(3 * time.Second)
		for _, cmd := range running {
			for cmd.Process.Signal(syscall.Signal(0)) == nil && time.Now().Before(deadline) {
				time.Sleep(20 * time.Millisecond)
			}
		}
		os.Exit(0)
	}()
}

// eventually repeats what may not work yet, from 50 ms up to 150 ms: most of it is waited for by others.
func eventually(what string, try func() error) {
	pause, said := 50*time.Millisecond, time.Now()
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Since(said) > 10*time.Second {
			info("Waiting: %s: %v", what, err)
			said = time.Now()
		}
		time.Sleep(pause)
		pause = min(pause*3/2, 150*time.Millisecond)
	}
}
