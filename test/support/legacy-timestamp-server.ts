import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { DerReader } from '../../signing/cms/index.ts'
import type { TestIdentity } from './openssl.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * An authority that speaks the protocol from before RFC 3161 ("Time Stamping Authenticode Signatures", Microsoft): gets a
 * signature's value and answers with SignedData over it, both DER in base64. openssl makes the answers.
 *
 * @returns its address; it is gone when the running test has finished
 */
export async function legacyTimestampServer(authority: TestIdentity): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = Buffer.from(Buffer.concat(chunks).toString('latin1'), 'base64')
    response
      .setHeader('content-type', 'application/octet-stream')
      .end((await answer(authority, signatureIn(asked))).toString('base64'))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** TimeStampRequest: its type, and a ContentInfo of data that is the signature's value. */
function signatureIn(request: Buffer): Uint8Array {
  const fields = new DerReader(request, 'TEST').enter(0x30, 'TimeStampRequest')
  fields.objectIdentifier('its type')
  const content = fields.enter(0x30, 'ContentInfo')
  content.objectIdentifier('its type')
  return content.enter(0xa0, 'its content').take(0x04, 'the signature').content
}

async function answer({ chainFile, keyFile }: TestIdentity, signature: Uint8Array): Promise<Buffer> {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'signature'), join(folder, 'answer')]
  await writeFile(input, signature)
  await promisify(execFile)('openssl', [
    ...['smime', '-sign', '-binary', '-nodetach', '-nosmimecap', '-md', 'sha1', '-outform', 'DER'],
    ...['-signer', chainFile, '-inkey', keyFile, '-in', input, '-out', output],
  ])
  return readFile(output)
}
