// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"nacelle/bench/wire"
)

// probe makes one Export call with a prepared body. h2load does not look at gRPC statuses: this does.
func probe(arguments []string) (any, error) {
	flags := flag.NewFlagSet("probe", flag.ExitOnError)
	address := flags.String("address", "", "host:port of the collector")
	signal := flags.String("signal", "traces", "traces, metrics or logs")
	form := flags.String("form", formGRPC, "grpc, grpc-gzip, proto, proto-gzip or json")
	file := flags.String("body", "", "file with the prepared body")
	timeout := flags.Duration("timeout", 10*time.Second, "give up after this")
	_ = flags.Parse(arguments)
	content, err := os.ReadFile(*file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	said, err := export(ctx, transport(*form, nil), *address, wire.Signal(*signal), *form, content)
	if err != nil {
		return nil, fmt.Errorf("%s to %s: %w", *form, *address, err)
	}
	return said, nil
}
