// SPDX-License-Identifier: Apache-2.0

// Sink is the backend of the benchmark: it takes OTLP over HTTP/1.1 and gRPC on one loopback port, answers success,
// and counts what came. GET /counters says how much. The address is printed as JSON on the first line.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func serve() error {
	listen := flag.String("listen", "127.0.0.1:0", "host:port to listen at; port 0 takes a free one")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	address, err := json.Marshal(map[string]string{"address": listener.Addr().String()})
	if err != nil {
		return err
	}
	fmt.Println(string(address))

	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:   newSink().routes(),
		Protocols: &protocols,
		// Large windows, so that the sink is not what a sender waits for.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 256, MaxReceiveBufferPerConnection: 16 << 20, MaxReceiveBufferPerStream: 8 << 20,
		},
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
}
