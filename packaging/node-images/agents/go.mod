module ksail.local/node-agent

go 1.24
