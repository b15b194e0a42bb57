import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { NodeAuthority } from './node-authority.ts'
import { openssl } from './openssl.ts'

/** An OCSP responder on 127.0.0.1 that has `openssl ocsp` answer, and can be silent. */
export type OcspResponder = {
  readonly url: string
  /** How often it was asked. */
  readonly asked: () => number
  readonly set: (state: 'answering' | 'refusing') => void
  readonly close: () => Promise<void>
}

/** Starts it for the certificates of an authority, who signs by itself. */
export async function startOcspResponder(folder: string, authority: NodeAuthority): Promise<OcspResponder> {
  let state: Parameters<OcspResponder['set']>[0] = 'answering'
  let asked = 0
  const server = createServer(async (request, response) => {
    asked += 1
    if (state === 'refusing') return void response.writeHead(503).end()
    const [question, answer] = [join(folder, `ocsp-${asked}.question`), join(folder, `ocsp-${asked}.answer`)]
    await writeFile(question, await buffer(request))
    await openssl(
      ...['ocsp', '-index', authority.at('index.txt'), '-CA', authority.certificateFile],
      ...['-rsigner', authority.certificateFile, '-rkey', authority.at('ca.key')],
      // A short life, so that a proxy asks again.
      ...['-reqin', question, '-respout', answer, '-nmin', '1'],
    )
    response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(await readFile(answer))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    set(next) {
      state = next
    },
    close: async () => void (await new Promise((resolve) => server.close(resolve))),
  }
}
