// SPDX-License-Identifier: Apache-2.0

// Entries measures the Go collector's file_storage (bbolt) as a queue, with the commands of bench/stores/main.c.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

func key(number uint64) string {
	// As the exporter's persistent queue writes it.
	return strconv.FormatUint(number, 10)
}

func open(directory string, fsync bool) (storage.Client, func(), error) {
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = directory
	config.FSync = fsync
	settings := extension.Settings{ID: component.NewID(factory.Type())}
	settings.Logger = zap.NewNop()
	made, err := factory.Create(context.Background(), settings, config)
	if err != nil {
		return nil, nil, err
	}
	if err := made.Start(context.Background(), nil); err != nil {
		return nil, nil, err
	}
	client, err := made.(storage.Extension).GetClient(
		context.Background(), component.KindExporter, component.MustNewID("entries"), "traces")
	if err != nil {
		return nil, nil, err
	}
	return client, func() {
		_ = client.Close(context.Background())
		_ = made.Shutdown(context.Background())
	}, nil
}

func put(client storage.Client, first, count uint64, value []byte) error {
	operations := make([]*storage.Operation, 0, count)
	for n := range count {
		operations = append(operations, storage.SetOperation(key(first+n), value))
	}
	return client.Batch(context.Background(), operations...)
}

func remove(client storage.Client, first, count uint64) error {
	operations := make([]*storage.Operation, 0, count)
	for n := range count {
		operations = append(operations, storage.DeleteOperation(key(first+n)))
	}
	return client.Batch(context.Background(), operations...)
}

func cpu() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func measure(client storage.Client, count, size, group uint64) error {
	value := make([]byte, size)
	_, _ = rand.Read(value)
	began, before := time.Now(), cpu()
	for at := uint64(0); at < count; at += group {
		if err := put(client, at+1, min(group, count-at), value); err != nil {
			return err
		}
	}
	putS, putCPU := time.Since(began).Seconds(), cpu()-before
	began = time.Now()
	for at := uint64(0); at < count; at += group {
		if err := remove(client, at+1, min(group, count-at)); err != nil {
			return err
		}
	}
	fmt.Printf("{\"put_s\": %f, \"put_cpu_s\": %f, \"delete_s\": %f}\n", putS, putCPU, time.Since(began).Seconds())
	return nil
}

func putForEver(client storage.Client, size, group uint64) error {
	value := make([]byte, size)
	for at := uint64(0); ; at += group {
		binary.LittleEndian.PutUint64(value, at)
		if err := put(client, at+1, group, value); err != nil {
			return err
		}
		fmt.Println(at + group)
	}
}

// count asks for keys one after the other until one is missing: the extension does not list them.
func count(client storage.Client) error {
	for n := uint64(0); ; n++ {
		value, err := client.Get(context.Background(), key(n+1))
		if err != nil {
			return err
		}
		if value == nil {
			fmt.Println(n)
			return nil
		}
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("a command and a directory, see bench/stores/main.c")
	}
	numbers := make([]uint64, 0, len(arguments))
	for _, argument := range arguments[2:] {
		number, err := strconv.ParseUint(argument, 10, 64)
		if err != nil {
			return err
		}
		numbers = append(numbers, number)
	}
	client, done, err := open(arguments[1], len(numbers) > 0 && numbers[0] == 1)
	if err != nil {
		return err
	}
	defer done()
	switch {
	case arguments[0] == "time" && len(numbers) == 4:
		return measure(client, numbers[1], numbers[2], numbers[3])
	case arguments[0] == "endless" && len(numbers) == 3:
		return putForEver(client, numbers[1], numbers[2])
	case arguments[0] == "count":
		return count(client)
	}
	return fmt.Errorf("unknown command %q", arguments[0])
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "entries:", err)
		os.Exit(2)
	}
}
