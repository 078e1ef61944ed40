// Visit servers as Go programs do. Each line read: root, host, port, certificate, key,
// with tabs between. Each line written: what was served, or what is wrong.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func visit(root, host, port, certificate, key string) (string, error) {
	settings := &tls.Config{}
	if root != "" {
		data, err := os.ReadFile(root)
		if err != nil {
			return "", err
		}
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(data)
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return "", err
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	address := "127.0.0.1"
	if host == "::1" {
		address = host
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, net.JoinHostPort(address, port))
	}
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: settings, DialContext: dial},
		Timeout:   20 * time.Second,
	}
	answer, err := client.Get("https://" + net.JoinHostPort(host, port) + "/")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		served, err := visit(parts[0], parts[1], parts[2], parts[3], parts[4])
		if err != nil {
			served = "refused: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(served)
	}
}
