// node-agent is what a node image needs beside Kubernetes itself, in one small static program that depends on nothing but
// Go's own library and is therefore running a few milliseconds after its start:
//
//	node-agent network   on every node: the CNI configuration, routes to the other nodes' pods, masquerading
//	node-agent storage   once: volumes of the default StorageClass, as directories of the node that the pod runs on
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) != 2 {
		log.Fatal("usage: node-agent network|storage")
	}
	var err error
	switch os.Args[1] {
	case "network":
		err = runNetwork()
	case "storage":
		err = runStorage()
	default:
		log.Fatalf("unknown command %q", os.Args[1])
	}
	log.Fatal(err)
}
