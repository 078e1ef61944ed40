// Makes a CA with step-ca's own packages, as `step ca init` and step-ca do, and prints
// what its database then holds, as step-ca itself reads it. See tests/authority/adoption/step_worlds.py.
//
//	STEPPATH=DIR make-step-ca TYPE COUNT close|crash
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/smallstep/certificates/authority"
	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/authority/provisioner"
	"github.com/smallstep/certificates/cas/apiv1"
	_ "github.com/smallstep/certificates/cas/softcas"
	"github.com/smallstep/certificates/pki"
	"github.com/smallstep/nosql"
	"go.step.sm/cli-utils/step"
)

var password = []byte("step's own passphrase")

func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%+v\n", err)
		os.Exit(1)
	}
}

func makePKI(kind string) {
	maker, err := pki.New(apiv1.Options{Type: apiv1.SoftCAS, IsCreator: true},
		pki.WithAddress(":9000"), pki.WithDNSNames([]string{"ca.test"}),
		pki.WithProvisioner("admin"))
	check(err)
	check(maker.GenerateKeyPairs(password))
	root, err := maker.GenerateRootCertificate("Step", "Step", "", password)
	check(err)
	check(maker.GenerateIntermediateCertificate("Step", "Step", "", root, password))
	check(maker.Save(func(c *config.Config) error {
		c.DB.Type = kind
		if kind == "bbolt" {
			c.DB.DataSource = filepath.Join(step.Path(), "db", "step.db")
		}
		return nil
	}))
}

func request(name string) *x509.CertificateRequest {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, key)
	check(err)
	csr, err := x509.ParseCertificateRequest(der)
	check(err)
	return csr
}

func issue(ca *authority.Authority, count int) {
	for i := 0; i < count; i++ {
		chain, err := ca.Sign(request(fmt.Sprintf("h%d.test", i)), provisioner.SignOptions{})
		check(err)
		if i%3 == 0 {
			check(ca.Revoke(context.Background(), &authority.RevokeOptions{
				Serial: chain[0].SerialNumber.String(), ReasonCode: i % 6, MTLS: true,
				Reason: "as \"said\"", Crt: chain[0]}))
		}
	}
}

func main() {
	kind, end := os.Args[1], os.Args[3]
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	for _, folder := range []string{"config", "certs", "secrets", "db", "templates"} {
		check(os.MkdirAll(filepath.Join(step.Path(), folder), 0700))
	}
	makePKI(kind)
	if kind == "bbolt" { // saving made a folder of it
		check(os.Remove(filepath.Join(step.Path(), "db", "step.db")))
	}
	settings, err := config.LoadConfiguration(filepath.Join(step.Path(), "config", "ca.json"))
	check(err)
	ca, err := authority.New(settings, authority.WithPassword(password))
	check(err)
	issue(ca, count)
	db := ca.GetDatabase().(nosql.DB)
	held := map[string]map[string][]byte{}
	for _, table := range []string{"x509_certs", "revoked_x509_certs"} {
		entries, err := db.List([]byte(table))
		check(err)
		held[table] = map[string][]byte{}
		for _, entry := range entries {
			held[table][string(entry.Key)] = entry.Value
		}
	}
	text, err := json.Marshal(held)
	check(err)
	check(os.WriteFile(filepath.Join(step.Path(), "held.json"), text, 0600))
	if end == "close" {
		check(ca.Shutdown())
	}
	os.Exit(0)
}
