import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openssl } from './openssl.ts'

/** A certificate for TLS and its key: PEM, and the files. */
export type TlsIdentity = {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly certificateFile: string
  readonly keyFile: string
}

/** An authority for TLS certificates of servers and clients. */
export type TlsAuthority = {
  readonly certificate: Buffer
  readonly certificateFile: string
  /** @param names what the certificate is for, as openssl writes it: `IP:127.0.0.1`, `DNS:example.com` */
  readonly issue: (commonName: string, names?: string) => Promise<TlsIdentity>
}

/** Makes an authority by openssl, with its files in `folder`. */
export async function makeTlsAuthority(folder: string, name: string): Promise<TlsAuthority> {
  const at = (file: string) => join(folder, `${name}-${file}`)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', `/CN=${name}`],
  )
  return {
    certificate: await readFile(at('ca.pem')),
    certificateFile: at('ca.pem'),
    async issue(commonName, names) {
      const [keyFile, certificateFile] = [at(`${commonName}.key`), at(`${commonName}.pem`)]
      await openssl('req', ...newKey, '-keyout', keyFile, '-out', at('csr'), '-subj', `/CN=${commonName}`)
      // Without an extension it would be of X.509 version 1, which not everybody takes.
      const extensions = ['basicConstraints=CA:FALSE', ...(names === undefined ? [] : [`subjectAltName=${names}`])]
      await writeFile(at('ext'), extensions.join('\n'))
      await openssl(
        ...['x509', '-req', '-in', at('csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'],
        ...['-days', '2', '-extfile', at('ext'), '-out', certificateFile],
      )
      const [certificate, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)])
      return { certificate, key, certificateFile, keyFile }
    },
  }
}
