// SPDX-License-Identifier: Apache-2.0

// Awssink is AWS for the benchmark: X-Ray and CloudWatch Logs over https, and the ECS task metadata over http, on
// loopback. It answers success and counts. The first line that it prints says where it listens, as JSON.
package main

import (
	"context"
	"crypto/tls"
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

// listening is what the first line says.
type listening struct {
	// Address is that of the counters and of the metadata, over http.
	Address string `json:"address"`
	// Service is that of the services, over https.
	Service string `json:"service"`
}

func serve() error {
	authority := flag.String("authority", "", "file to write the certificate of the authority to, which clients trust")
	flag.Parse()
	if *authority == "" {
		return errors.New("-authority is needed")
	}
	certificate, err := issue(*authority)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	line, err := json.Marshal(listening{Address: plain.Addr().String(), Service: secure.Addr().String()})
	if err != nil {
		return err
	}
	fmt.Println(string(line))

	sink := newSink()
	servers := []*http.Server{{Handler: sink.plainRoutes()}, {
		Handler: sink.serviceRoutes(),
		// The services of AWS that are meant here speak HTTP/1.1.
		TLSConfig:    &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	ended := make(chan error, len(servers))
	go func() { ended <- servers[0].Serve(plain) }()
	go func() { ended <- servers[1].ServeTLS(secure, "", "") }()
	select {
	case <-stop.Done():
		for _, server := range servers {
			_ = server.Close()
		}
		return nil
	case err := <-ended:
		return err
	}
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "awssink:", err)
		os.Exit(1)
	}
}
