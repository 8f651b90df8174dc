// SPDX-License-Identifier: Apache-2.0

// The references that the manifest reader and the kustomize build are held against, as one process that answers many
// questions: sigs.k8s.io/yaml (what kubectl reads with) and the kustomize 5.8.1 libraries.
//
// Each question is one line: a verb, a tab, a JSON string. Each answer is one line of JSON: {"out": text} or
// {"error": text}.
//
//	json   text of one document -> the JSON kubectl makes of it
//	yaml   JSON text -> YAML as kubectl and kustomize write it
//	build  directory -> what kustomize build prints
//	build-anywhere  the same with --load-restrictor LoadRestrictionsNone
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"
)

var builtinSchema = openapi.GetSchemaVersion()

// Whether the library has looked at its schema since it was last reset.
var schemaUsed = false

// build answers as a process of its own would: the schema lies in the library's global state, so that one which a
// kustomization brings would be added to what earlier ones used, and be used by the next one.
func build(dir string, restrictions types.LoadRestrictions) ([]byte, error) {
	out, err := buildOnce(dir, restrictions)
	if openapi.GetSchemaVersion() == builtinSchema {
		schemaUsed = true
		return out, err
	}
	openapi.ResetOpenAPI()
	if schemaUsed {
		out, err = buildOnce(dir, restrictions)
		openapi.ResetOpenAPI()
	}
	schemaUsed = false
	return out, err
}

func buildOnce(dir string, restrictions types.LoadRestrictions) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.LoadRestrictions = restrictions
	options.PluginConfig = types.DisabledPluginConfig()
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	text, err := resources.AsYaml()
	// The released program knows its version, the library alone does not.
	return bytes.ReplaceAll(text, []byte("kustomize-(devel)"), []byte("kustomize-v5.8.1")), err
}

func answer(verb, argument string) ([]byte, error) {
	switch verb {
	case "json":
		return yaml.YAMLToJSON([]byte(argument))
	case "yaml":
		return yaml.JSONToYAML([]byte(argument))
	case "build":
		return build(argument, types.LoadRestrictionsRootOnly)
	case "build-anywhere":
		return build(argument, types.LoadRestrictionsNone)
	}
	return nil, fmt.Errorf("unknown verb %q", verb)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		var argument string
		reply := map[string]string{}
		if err := json.Unmarshal([]byte(rest), &argument); err != nil {
			reply["error"] = err.Error()
		} else if result, err := answer(verb, argument); err != nil {
			reply["error"] = err.Error()
		} else {
			reply["out"] = string(result)
		}
		text, _ := json.Marshal(reply)
		out.Write(text)
		out.WriteByte('\n')
		out.Flush()
	}
}
