// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"nacelle/bench/wire"
)

// retryPause is how long to wait after a refused connection: short against what is measured, and long enough to
// leave the processors to the program that is starting.
const retryPause = 100 * time.Microsecond

// stopPause is how long the collector is left alone after its first answer. The Go collector answers before it has
// set up its handling of SIGTERM, and would then end at once with the span that it has just accepted.
const stopPause = 100 * time.Millisecond

// started says when a collector came up; both times begin just before fork and exec.
type started struct {
	ListeningMS   float64 `json:"listening_ms"`
	FirstAnswerMS float64 `json:"first_answer_ms"`
	Refused       int     `json:"refused_connections"`
}

// firstAnswer starts the program after "--" and calls Export over gRPC until it succeeds, then ends the program.
func firstAnswer(arguments []string) (result any, err error) {
	flags := flag.NewFlagSet("first-answer", flag.ExitOnError)
	address := flags.String("address", "", "host:port at which the collector will answer gRPC")
	file := flags.String("body", "", "file with a prepared gRPC body of traces")
	logFile := flags.String("log", os.DevNull, "file for what the collector prints")
	timeout := flags.Duration("timeout", 10*time.Second, "give up after this")
	_ = flags.Parse(arguments)
	if flags.NArg() == 0 {
		return nil, errors.New("no program to start: put it after --")
	}
	content, err := os.ReadFile(*file)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(*logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := warmUp(content); err != nil {
		return nil, fmt.Errorf("the prober's own warm-up: %w", err)
	}
	if _, err := net.DialTimeout("tcp", *address, time.Second); err == nil {
		return nil, fmt.Errorf("something listens at %s already", *address)
	}

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	ctx, cancelTimeout := context.WithTimeout(ctx, *timeout)
	defer cancelTimeout()
	command := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	command.Stdout, command.Stderr = log, log
	// The child is killed when the thread that started it ends, so that thread is kept.
	runtime.LockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begin := time.Now()
	if err := command.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- command.Wait() }()
	defer func() { err = errors.Join(err, end(command, exited)) }()
	return callUntilAnswered(ctx, begin, *address, content, exited)
}

func callUntilAnswered(ctx context.Context, begin time.Time, address string, content []byte,
	exited chan error) (any, error) {
	var result started
	dialer := net.Dialer{Timeout: time.Second}
	last := errors.New("nothing listened")
	for {
		select {
		case status := <-exited:
			exited <- status
			return nil, fmt.Errorf("the collector ended before it answered: %v", status)
		case <-ctx.Done():
			return nil, fmt.Errorf("no answer in time: %w", last)
		default:
		}
		connection, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			result.Refused++
			time.Sleep(retryPause)
			continue
		}
		if result.ListeningMS == 0 {
			result.ListeningMS = milliseconds(begin)
		}
		said, err := exportOver(ctx, connection, address, content)
		if err == nil && said.OK {
			result.FirstAnswerMS = milliseconds(begin)
			time.Sleep(stopPause)
			return result, nil
		}
		if err == nil {
			err = fmt.Errorf("gRPC status %q %s", said.GRPC, said.Message)
		}
		last = err
		time.Sleep(retryPause)
	}
}

// exportOver makes one gRPC call over a connection that is open already, and closes it.
func exportOver(ctx context.Context, connection net.Conn, address string, content []byte) (answer, error) {
	via := transport(formGRPC, func(context.Context, string, string) (net.Conn, error) { return connection, nil })
	defer connection.Close()
	defer via.CloseIdleConnections()
	return export(ctx, via, address, wire.Traces, formGRPC, content)
}

// end asks the collector to stop, and kills it when it does not within ten seconds.
func end(command *exec.Cmd, exited chan error) error {
	_ = command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-exited:
		if err != nil {
			return fmt.Errorf("the collector ended badly: %w", err)
		}
		return nil
	case <-time.After(10 * time.Second):
		_ = command.Process.Kill()
		<-exited
		return errors.New("the collector did not stop within 10 s of SIGTERM")
	}
}

// warmUp makes the same call to a server of its own, so that the first call that counts runs no code for the first
// time.
func warmUp(content []byte) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = w.Write(make([]byte, 5))
		w.Header().Set(http.TrailerPrefix+"grpc-status", "0")
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	address := listener.Addr().String()
	for range 5 {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		said, err := exportOver(context.Background(), connection, address, content)
		if err != nil {
			return err
		}
		if !said.OK {
			return fmt.Errorf("gRPC status %q", said.GRPC)
		}
	}
	return nil
}

func milliseconds(begin time.Time) float64 { return float64(time.Since(begin).Microseconds()) / 1000 }
