module ksail.local/k3s-standin

go 1.24

require gopkg.in/yaml.v3 v3.0.1
