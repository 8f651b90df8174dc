package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// etcdClient speaks to the etcd of this node through its JSON gateway.
type etcdClient struct{ http *http.Client }

func newEtcdClient() *etcdClient {
	ca, _ := os.ReadFile(tlsDir + "/etcd/server-ca.crt")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cert, err := tls.LoadX509KeyPair(tlsDir+"/etcd/client.crt", tlsDir+"/etcd/client.key")
	if err != nil {
		fatal("%v", err)
	}
	// A change of members that comes while another is on its way is lost without an answer: ask again soon.
	return &etcdClient{&http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}}}
}

type etcdMember struct {
	ID        string   `json:"ID"`
	Name      string   `json:"name"`
	PeerURLs  []string `json:"peerURLs"`
	IsLearner bool     `json:"isLearner"`
}

func (c *etcdClient) call(path string, body, result any) error {
	data, _ := json.Marshal(body)
	response, err := c.http.Post("https://127.0.0.1:2379/v3/cluster/member/"+path, "application/json", bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd: %s", text)
	}
	return json.Unmarshal(text, result)
}

func (c *etcdClient) list() ([]etcdMember, error) {
	var answer struct {
		Members []etcdMember `json:"members"`
	}
	err := c.call("list", map[string]any{"linearizable": true}, &answer)
	return answer.Members, err
}

// add makes a learner of it, unless it is a member already, and tells all members as etcd's --initial-cluster wants them.
func (c *etcdClient) add(name, peer string) ([]string, error) {
	members, err := c.list()
	if err != nil {
		return nil, err
	}
	known := false
	for _, member := range members {
		known = known || len(member.PeerURLs) > 0 && member.PeerURLs[0] == peer
	}
	if !known {
		var answer struct{}
		if err := c.call("add", map[string]any{"peerURLs": []string{peer}, "isLearner": true}, &answer); err != nil {
			return nil, err
		}
	}
	names := []string{name + "=" + peer}
	for _, member := range members {
		if member.Name != "" && member.PeerURLs[0] != peer {
			names = append(names, member.Name+"="+member.PeerURLs[0])
		}
	}
	return names, nil
}

func (c *etcdClient) promote(name string) error {
	members, err := c.list()
	if err != nil {
		return err
	}
	for _, member := range members {
		if member.Name == name {
			if !member.IsLearner {
				return nil
			}
			var answer struct{}
			return c.call("promote", map[string]any{"ID": member.ID}, &answer)
		}
	}
	return fmt.Errorf("etcd member %s has not started", name)
}
