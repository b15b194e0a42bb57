/** An EST server, and how it is reached. */
export interface EstServer {
  /** What the configuration calls it. */
  readonly name: string
  /** `https://<host>[:<port>]`, or with the label of one of its authorities behind: `https://<host>/.well-known/est/<label>`. */
  readonly url: string
  /** The authorities of its TLS certificate, PEM; those of the system when it is left out. */
  readonly tlsAuthorities?: string | undefined
  /** For HTTP basic authentication. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined
  /** For TLS authentication of the client, PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined
  /** How long it may take to the last byte of its answer, in milliseconds. */
  readonly timeoutMs: number
}
