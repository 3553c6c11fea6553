// A Lumberjack server out of Elastic's go-lumber, as a receiver in tests: golumber DIR. It writes its port to DIR/port, and each
// event of a batch to DIR/lines before the batch is acknowledged.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/elastic/go-lumber/server"
)

func main() {
	dir := os.Args[1]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	lines, err := os.Create(filepath.Join(dir, "lines"))
	if err != nil {
		log.Fatal(err)
	}
	s, err := server.NewWithListener(listener, server.V2(true), server.JSONDecoder(func(data []byte, to interface{}) error {
		*(to.(*interface{})) = json.RawMessage(append([]byte(nil), data...))
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(filepath.Join(dir, "port.new"), []byte(port), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "port.new"), filepath.Join(dir, "port")); err != nil {
		log.Fatal(err)
	}
	for batch := range s.ReceiveChan() {
		for _, event := range batch.Events {
			fmt.Fprintf(lines, "%s\n", event.(json.RawMessage))
		}
		batch.ACK()
	}
}
