import { execFile } from 'node:child_process'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { startTimeStampAuthority } from '../../../server/embedded/time-stamp-authority.ts'
import {
  prepareTimeStampAuthority,
  type TimeStampAuthorityIdentity,
} from '../../../server/embedded/time-stamp-authority-identity.ts'
import { signPeFile } from '../../../signing/authenticode/index.ts'
import { createTimestampClient } from '../../../signing/timestamp/index.ts'
import { makeIdentity, openssl } from '../../support/openssl.ts'
import { osslsigncodeVerify } from '../../support/osslsigncode.ts'
import { buildPe } from '../../support/pe-builder.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const queryType = { 'content-type': 'application/timestamp-query' }

/** Runs an authority of its own for as long as the work takes. */
async function withAuthority<Result>(
  work: (authority: { url: string; folder: string; identity: TimeStampAuthorityIdentity }) => Promise<Result>,
): Promise<Result> {
  const folder = temporaryFolder()
  const identity = await prepareTimeStampAuthority({ dataDirectory: folder })
  const authority = await startTimeStampAuthority(identity)
  try {
    return await work({ url: authority.url, folder, identity })
  } finally {
    await authority.close()
  }
}

describe('openssl accepts what the authority says', () => {
  test.each([
    ['sha256', ['-cert']],
    ['sha384', ['-cert', '-no_nonce']],
    ['sha512', ['-cert', '-tspolicy', '2.999.3161.1']],
    ['sha256', []],
  ] as const)('to a %s query with %j', async (hash, options) => {
    await withAuthority(async ({ url, folder, identity }) => {
      const [document, query, reply] = [join(folder, 'document'), join(folder, 'query'), join(folder, 'reply')]
      await writeFile(document, 'whatever')
      await openssl('ts', '-query', '-data', document, `-${hash}`, ...options, '-out', query)
      const response = await fetch(url, { method: 'POST', headers: queryType, body: await readFile(query) })
      expect(response.headers.get('content-type')).toBe('application/timestamp-reply')
      await writeFile(reply, new Uint8Array(await response.arrayBuffer()))
      const untrusted = join(folder, 'time-stamp-authority', 'certificate.pem')
      const trust = ['-CAfile', identity.rootCertificatePath, '-untrusted', untrusted]
      const verdict = await openssl('ts', '-verify', '-in', reply, '-queryfile', query, ...trust)
      expect(verdict).toContain('Verification: OK')
    })
  })
})

test('osslsigncode accepts a program that was time-stamped by the authority', async () => {
  await withAuthority(async ({ url, folder, identity }) => {
    const signer = await makeIdentity(folder, 'rsa-3072')
    const [inputPath, outputPath] = [join(folder, 'in.exe'), join(folder, 'out.exe')]
    await writeFile(inputPath, buildPe({ format: 'PE32' }).bytes)
    const timestamp = createTimestampClient({
      urls: [url],
      transport: fetch,
      timeoutMs: 5000,
      maximumSkewMs: 60_000,
      trustedCertificates: [identity.certificateChain[1]],
    })
    const signing = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha384', timestamp } as const
    await signPeFile({ inputPath, outputPath, ...signing })
    const verdict = await osslsigncodeVerify(outputPath, signer.rootFile, identity.rootCertificatePath)
    expect(verdict).toMatchObject({ ok: true, signatures: 1 })
    expect(verdict.output).toContain('Timestamp Server Signature verification: ok')
  })
})

describe('what it cannot answer it rejects, as RFC 3161 says', () => {
  async function statusOf(url: string, folder: string, query: Uint8Array): Promise<string> {
    const response = await fetch(url, { method: 'POST', headers: queryType, body: Uint8Array.from(query) })
    expect(response.status).toBe(200)
    const reply = join(folder, 'reply')
    await writeFile(reply, new Uint8Array(await response.arrayBuffer()))
    return openssl('ts', '-reply', '-in', reply, '-text')
  }

  test('another hash, another policy, an extension, a wrong version, a wrong length, and bytes that are no query', async () => {
    await withAuthority(async ({ url, folder }) => {
      const query = async (...options: readonly string[]) => {
        const path = join(folder, 'query')
        await openssl('ts', '-query', '-digest', ...options, '-out', path)
        return readFile(path)
      }
      const sha1 = await query('00'.repeat(20), '-sha1')
      expect(await statusOf(url, folder, sha1)).toContain('unrecognized or unsupported algorithm identifier')
      const policy = await query('00'.repeat(32), '-sha256', '-tspolicy', '1.2.3')
      expect(await statusOf(url, folder, policy)).toContain('the requested TSA policy is not supported by the TSA')
      const plain = await query('00'.repeat(32), '-sha256', '-no_nonce')
      const version = Buffer.from(plain)
      version[4] = 2
      expect(await statusOf(url, folder, version)).toContain('transaction not permitted or supported')
      // One octet of the digest less, with every length around it corrected.
      const short = Buffer.from(plain.subarray(0, -1))
      for (const at of [1, 6, plain.length - 33]) short[at] = (short[at] as number) - 1
      for (const malformed of [short, Buffer.from('nonsense'), Buffer.alloc(0), plain.subarray(0, -3)])
        expect(await statusOf(url, folder, malformed)).toContain('the data submitted has the wrong format')
      const extended = Buffer.concat([plain, Buffer.from('a0053003060100', 'hex')])
      extended[1] = (extended[1] as number) + 7
      expect(await statusOf(url, folder, extended)).toContain('the requested extension is not supported by the TSA')
    })
  })

  test('whatever is posted, it answers and lives on', async () => {
    await withAuthority(async ({ url }) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
          const response = await fetch(url, { method: 'POST', headers: queryType, body: Uint8Array.from(body) })
          expect(response.status).toBe(200)
          expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(10)
        }),
        { numRuns: 100 },
      )
    })
  })

  test('another method, another content type, and a query that is too long', async () => {
    await withAuthority(async ({ url }) => {
      const statuses = [
        await fetch(url),
        await fetch(url, { method: 'POST', body: 'x' }),
        await fetch(url, { method: 'POST', headers: queryType, body: new Uint8Array(65 * 1024) }),
      ].map((response) => response.status)
      expect(statuses).toEqual([405, 415, 413])
    })
  })
})

describe('its identity', () => {
  test('is made once, with keys that only their owner can read, by however many start at once', async () => {
    const dataDirectory = temporaryFolder()
    const identities = await Promise.all([1, 2, 3, 4].map(() => prepareTimeStampAuthority({ dataDirectory })))
    identities.push(await prepareTimeStampAuthority({ dataDirectory }))
    expect(
      new Set(identities.map(({ certificateChain }) => Buffer.from(certificateChain[0]).toString('hex'))).size,
    ).toBe(1)
    expect(await readdir(dataDirectory)).toEqual(['time-stamp-authority'])
    expect((await stat(join(dataDirectory, 'time-stamp-authority', 'key.pem'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(dataDirectory, 'time-stamp-authority'))).mode & 0o777).toBe(0o700)
  })

  test('survives a process that is killed while it makes it', async () => {
    const dataDirectory = temporaryFolder()
    const module = join(import.meta.dirname, '..', '..', '..', 'server', 'embedded', 'time-stamp-authority-identity.ts')
    const program = `import { prepareTimeStampAuthority } from ${JSON.stringify(module)}
      process.stdout.write('.')
      await prepareTimeStampAuthority({ dataDirectory: ${JSON.stringify(dataDirectory)} })`
    for (const delay of [0, 5, 10, 20]) {
      await rm(join(dataDirectory, 'time-stamp-authority'), { recursive: true, force: true })
      await killedAfter(program, delay)
      const identity = await prepareTimeStampAuthority({ dataDirectory })
      expect(identity.key.type).toBe('private')
      expect(await readdir(dataDirectory)).toEqual(['time-stamp-authority'])
    }
  })

  test.each(['root.pem', 'certificate.pem', 'key.pem'])('is not used when %s is gone or another one', async (name) => {
    const dataDirectory = temporaryFolder()
    const other = temporaryFolder()
    await prepareTimeStampAuthority({ dataDirectory })
    await prepareTimeStampAuthority({ dataDirectory: other })
    const path = join(dataDirectory, 'time-stamp-authority', name)
    await writeFile(path, await readFile(join(other, 'time-stamp-authority', name)))
    const damaged = { code: 'TIMESTAMP_AUTHORITY_DAMAGED' }
    await expect(prepareTimeStampAuthority({ dataDirectory })).rejects.toMatchObject(damaged)
    await rm(path)
    await expect(prepareTimeStampAuthority({ dataDirectory })).rejects.toMatchObject(damaged)
  })
})

/** Starts the program in a process of its own and kills it some milliseconds after its first output. */
async function killedAfter(program: string, milliseconds: number): Promise<void> {
  const running = promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program])
  running.child.stdout?.once('data', () => setTimeout(() => running.child.kill('SIGKILL'), milliseconds))
  await running.catch(() => undefined)
}
