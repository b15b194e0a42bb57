import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSelfSignedCertificate, toPem } from '../../../signing/x509/index.ts'
import { softwareKey } from '../software-key.ts'

const run = promisify(execFile)
const day = 24 * 60 * 60 * 1000

/** `openssl ts` behind HTTP, with a clock of its own. */
export interface OpensslTimeStampAuthority {
  readonly url: string
  /** Its self-signed certificate, DER, valid from one year ago to ten years from now. */
  readonly certificate: Uint8Array
  /** By how many seconds its clock is ahead. */
  clockShift: number
  close(): void
}

/** Starts an authority whose files are in `folder`. */
export async function opensslTimeStampAuthority(folder: string): Promise<OpensslTimeStampAuthority> {
  const at = (name: string) => join(folder, name)
  const clock = at('shifted-clock.so')
  const source = fileURLToPath(new URL('./shifted-clock.c', import.meta.url))
  await run('cc', ['-shared', '-fPIC', '-O1', '-o', clock, source, '-ldl'])
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = await createSelfSignedCertificate({
    key: softwareKey('rsa-2048', privateKey),
    profile: 'timeStamping',
    subject: { commonName: 'Time by openssl' },
    notBefore: new Date(Date.now() - 365 * day),
    notAfter: new Date(Date.now() + 3650 * day),
  })
  await writeFile(at('tsa.pem'), toPem(certificate))
  await writeFile(at('tsa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(
    at('ts.conf'),
    `[tsa]\nserial = ${at('serial')}\nsigner_cert = ${at('tsa.pem')}\nsigner_key = ${at('tsa.key')}\n` +
      'signer_digest = sha256\ndefault_policy = 2.999.1\ndigests = sha256, sha384, sha512\ness_cert_id_alg = sha256\n',
  )
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const [query, reply] = [at(randomUUID()), at(randomUUID())]
    await writeFile(query, Buffer.concat(parts))
    await run(
      'openssl',
      ['ts', '-reply', '-config', at('ts.conf'), '-section', 'tsa', '-queryfile', query, '-out', reply],
      {
        env: { ...process.env, LD_PRELOAD: clock, SHIFTED_CLOCK_SECONDS: String(authority.clockShift) },
      },
    )
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(await readFile(reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const authority: OpensslTimeStampAuthority = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    certificate,
    clockShift: 0,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return authority
}
