// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/session/boot"
)

// way is one of those from the client to the target.
type way struct {
	name    string
	address string
	spent   time.Duration
}

// ways are: without anything in between, through the relay, and through socat.
func ways(b *testing.B, transport, to string) []*way {
	b.Helper()
	_, through := startRelay(b, transport+"/"+to)
	return []*way{{name: "direct", address: to}, {name: "relay", address: through}, {name: "socat", address: socat(b, transport, to)}}
}

// socat forwards as people do it today; -b is its buffer, as large as the relay's.
func socat(b *testing.B, transport, to string) string {
	b.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.LocalAddr().String()
	_ = l.Close()
	_, port, _ := strings.Cut(address, ":")
	proto := strings.ToUpper(transport)
	options := "fork"
	if transport == "tcp" {
		options = "fork,reuseaddr,nodelay"
	}
	cmd := exec.Command("socat", "-b", "65536", fmt.Sprintf("%s4-LISTEN:%s,bind=127.0.0.1,%s", proto, port, options), proto+"4:"+to)
	// It forks for each client.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.Fatalf("socat, for comparison: %v", err)
	}
	b.Cleanup(func() {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		_ = cmd.Wait()
	})
	for end := time.Now().Add(patience); transport == "tcp"; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(end) {
			b.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond) // a UDP port does not say that it is open
	return address
}

// target accepts connections and does one thing with each.
func target(b *testing.B, do func(net.Conn)) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				do(conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// BenchmarkThroughput sends 128 MiB each way in turn, and reports what passes of what
// would pass directly.
func BenchmarkThroughput(b *testing.B) {
	const size = 128 << 20
	to := target(b, func(conn net.Conn) {
		n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn}, make([]byte, 256<<10))
		_, _ = fmt.Fprintf(conn, "%d\n", n)
	})
	all := ways(b, "tcp", to)
	chunk := make([]byte, 256<<10)
	for b.Loop() {
		for _, w := range all {
			conn := dial(b, w.address).(*net.TCPConn)
			begun := time.Now()
			for range size / len(chunk) {
				if _, err := conn.Write(chunk); err != nil {
					b.Fatal(err)
				}
			}
			_ = conn.CloseWrite()
			if got, err := io.ReadAll(conn); err != nil || string(got) != fmt.Sprintf("%d\n", size) {
				b.Fatalf("%s: %q, %v", w.name, got, err)
			}
			w.spent += time.Since(begun)
			_ = conn.Close()
		}
	}
	for _, w := range all {
		b.ReportMetric(float64(size)*float64(b.N)/w.spent.Seconds()/1e6, w.name+"-MB/s")
		b.ReportMetric(all[0].spent.Seconds()/w.spent.Seconds(), w.name+"/direct")
	}
}

// BenchmarkRoundTrip asks and answers 100 bytes, each way in turn, and reports the medians.
func BenchmarkRoundTrip(b *testing.B) {
	for _, transport := range []string{"tcp", "udp"} {
		b.Run(transport, func(b *testing.B) { benchmarkRoundTrip(b, transport) })
	}
}

func benchmarkRoundTrip(b *testing.B, transport string) {
	b.Helper()
	const each = 1000
	to := target(b, func(conn net.Conn) {
		_, _ = io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}, make([]byte, 4096))
	})
	if transport == "udp" {
		to = datagramEcho(b)
	}
	all := ways(b, transport, to)
	took := map[string][]time.Duration{}
	conns := map[string]net.Conn{}
	for _, w := range all {
		conn, err := net.Dial(transport, w.address)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		conns[w.name] = conn
	}
	out, in := make([]byte, 100), make([]byte, 100)
	for b.Loop() {
		for _, w := range all {
			for range each {
				begun := time.Now()
				if _, err := conns[w.name].Write(out); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conns[w.name], in); err != nil {
					b.Fatalf("%s: %v", w.name, err)
				}
				took[w.name] = append(took[w.name], time.Since(begun))
			}
		}
	}
	for _, w := range all {
		slices.Sort(took[w.name])
		b.ReportMetric(float64(at(took[w.name], 50).Nanoseconds())/1e3, w.name+"-p50-us")
		b.ReportMetric(float64(at(took[w.name], 99).Nanoseconds())/1e3, w.name+"-p99-us")
	}
}

func datagramEcho(b *testing.B) string {
	b.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	return conn.LocalAddr().String()
}

// at is the value that so many percent are not above.
func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

// BenchmarkLateness lets relays end, each a process of its own with a connection open, and
// reports how long after the end the target sees it cut. Give it -benchtime 200x or more.
func BenchmarkLateness(b *testing.B) {
	b.Run("deadline", func(b *testing.B) { benchmarkLateness(b, 50*time.Millisecond) })
	b.Run("revoked", func(b *testing.B) { benchmarkLateness(b, 0) })
}

func benchmarkLateness(b *testing.B, remaining time.Duration) {
	b.Helper()
	to, conns := device(b)
	var late []time.Duration
	for b.Loop() {
		p, address := startRelay(b, "tcp/"+to)
		client := dial(b, address)
		server := <-conns
		end := p.tell(b, remaining)
		if _, err := io.Copy(io.Discard, server); err == nil {
			b.Fatal("the target sees an end in order")
		}
		late = append(late, boot.Now().Sub(end))
		_ = client.Close()
		_ = server.Close()
		p.exit(b)
	}
	slices.Sort(late)
	for _, percent := range []int{50, 99, 100} {
		b.ReportMetric(float64(at(late, percent).Microseconds())/1e3, fmt.Sprintf("p%d-ms", percent))
	}
}
