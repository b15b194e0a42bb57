// Verifies the Authenticode signatures of the PE files that standard input names, one a line, with relic's library: digest,
// signature and the certificate's path to a root in the PEM file that the argument names. Answers "ok" and the number of
// signatures, or what was wrong, a tab, and the path.
package main

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/sassoftware/relic/v8/lib/authenticode"
)

func main() {
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Printf("%s\t%s\n", verdict(lines.Text(), roots), lines.Text())
	}
}

func verdict(path string, roots *x509.CertPool) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	signatures, err := authenticode.VerifyPE(file, false)
	if err != nil {
		return err.Error()
	}
	for _, signature := range signatures {
		if err := signature.VerifyChain(roots, nil, x509.ExtKeyUsageCodeSigning); err != nil {
			return err.Error()
		}
	}
	return fmt.Sprintf("ok %d", len(signatures))
}
