// Obtain certificates with golang.org/x/crypto/acme, on which autocert stands.
//
//	acme_order DIRECTORY CHALLENGE PORT FOLDER NAME...
//
// It registers, obtains, changes the account's key, obtains again, revokes what it
// obtained and closes the account. What it obtained is in FOLDER: cert.pem, chain.pem,
// key.pem. The roots are those of SSL_CERT_FILE.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
)

var (
	lock         sync.Mutex
	responses    = map[string]string{}
	certificates = map[string]*tls.Certificate{}
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return key
}

// serve answers the challenges at the address.
func serve(challenge, address string) {
	if challenge == "http-01" {
		go http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lock.Lock()
			defer lock.Unlock()
			w.Write([]byte(responses[r.URL.Path]))
		}))
		return
	}
	listener, err := tls.Listen("tcp", address, &tls.Config{
		NextProtos: []string{acme.ALPNProto},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			lock.Lock()
			defer lock.Unlock()
			return certificates[hello.ServerName], nil
		},
	})
	must(err)
	go func() {
		for {
			connection, err := listener.Accept()
			must(err)
			go func(connection net.Conn) {
				connection.(*tls.Conn).Handshake()
				connection.Close()
			}(connection)
		}
	}()
}

// meet makes ready for a challenge.
func meet(client *acme.Client, challenge *acme.Challenge, name string) {
	lock.Lock()
	defer lock.Unlock()
	if challenge.Type == "http-01" {
		response, err := client.HTTP01ChallengeResponse(challenge.Token)
		must(err)
		responses[client.HTTP01ChallengePath(challenge.Token)] = response
		return
	}
	certificate, err := client.TLSALPN01ChallengeCert(challenge.Token, name)
	must(err)
	certificates[name] = &certificate
}

func obtain(ctx context.Context, client *acme.Client, kind string, names []string) ([][]byte, *ecdsa.PrivateKey) {
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(names...))
	must(err)
	for _, url := range order.AuthzURLs {
		authorization, err := client.GetAuthorization(ctx, url)
		must(err)
		if authorization.Status == acme.StatusValid {
			continue
		}
		for _, challenge := range authorization.Challenges {
			if challenge.Type == kind {
				meet(client, challenge, authorization.Identifier.Value)
				_, err = client.Accept(ctx, challenge)
				must(err)
			}
		}
		_, err = client.WaitAuthorization(ctx, url)
		must(err)
	}
	order, err = client.WaitOrder(ctx, order.URI)
	must(err)
	key := newKey()
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key)
	must(err)
	chain, _, err := client.CreateOrderCert(ctx, order.FinalizeURL, request, true)
	must(err)
	return chain, key
}

func write(folder, name, kind string, parts ...[]byte) {
	var text bytes.Buffer
	for _, part := range parts {
		must(pem.Encode(&text, &pem.Block{Type: kind, Bytes: part}))
	}
	must(os.WriteFile(filepath.Join(folder, name), text.Bytes(), 0o600))
}

func main() {
	directory, kind, address, folder := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	names := os.Args[5:]
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	client := &acme.Client{Key: newKey(), DirectoryURL: directory}
	serve(kind, address)
	account, err := client.Register(ctx, &acme.Account{Contact: []string{"mailto:go@acme.test"}}, acme.AcceptTOS)
	must(err)
	obtain(ctx, client, kind, names)
	must(client.AccountKeyRollover(ctx, newKey()))
	again, err := client.GetReg(ctx, "")
	must(err)
	if again.URI != account.URI {
		log.Fatalf("another account: %s", again.URI)
	}
	chain, key := obtain(ctx, client, kind, names)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	write(folder, "key.pem", "PRIVATE KEY", encoded)
	write(folder, "cert.pem", "CERTIFICATE", chain[0])
	write(folder, "chain.pem", "CERTIFICATE", chain[1:]...)
	must(client.RevokeCert(ctx, key, chain[0], acme.CRLReasonKeyCompromise))
	must(client.DeactivateReg(ctx))
	if _, err = client.AuthorizeOrder(ctx, acme.DomainIDs(names...)); err == nil || !strings.Contains(err.Error(), "401") {
		log.Fatalf("an account that is closed is answered %v", err)
	}
}
