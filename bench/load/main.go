// SPDX-License-Identifier: Apache-2.0

// Load prepares what the benchmark sends and asks single questions of a collector:
// bodies writes the request bodies for h2load, probe makes one Export call and reads its status, first-answer starts
// a collector and says when it first answered. Each command prints one JSON object.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) (any, error){
		"bodies":       writeBodies,
		"probe":        probe,
		"first-answer": firstAnswer,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load bodies|probe|first-answer [options]")
		os.Exit(2)
	}
	result, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "load %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		fmt.Fprintf(os.Stderr, "load %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
