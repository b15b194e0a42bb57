import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkSignedFile } from '../../activities/check-signed-file.ts'
import type { AttributeValue } from '../../domain/index.ts'
import { completeOrders } from '../../signing/directives.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import type { FilePlan, FoundDirective, SignatureFormat } from '../../signing/signature-format.ts'
import type { TimestampClient } from '../../signing/timestamp/index.ts'
import { readCertificate } from '../../signing/x509/index.ts'
import type { TestIdentity } from './openssl.ts'

/** A file that a format works on, and with what. */
export type FormatWork = {
  readonly format: SignatureFormat
  /** Its own file name. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly signer: TestIdentity
  /** Of the format's first directive. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  /** Of further directives of the same kind, in their order. */
  readonly further?: readonly Readonly<Record<string, AttributeValue>>[]
  readonly timestamps?: TimestampClient
  /** DER; default: any authority. */
  readonly trustedTimestampCertificates?: readonly Uint8Array[]
}

/** Plans and signs files as planner and signer do, in `folder`. */
export function formatWorkIn(folder: string) {
  const passes = new FilePasses(1)
  const spoolPath = () => join(folder, `spool-${Math.random()}`)

  async function planned(path: string, { format, name, signer, attributes = {}, further = [] }: FormatWork) {
    const [directive] = format.directives
    if (directive === undefined) throw new Error(`${format.name} has no directive`)
    const asked = [attributes, ...further].map((each) => ({ directive: directive.name, attributes: each }))
    const policy = { keyAlgorithm: signer.key.algorithm, timestamp: 'none' } as const
    const orders = completeOrders(format, asked, policy)
    const handle = await open(path, 'r+')
    const { size } = await handle.stat()
    try {
      const layout = await format.readLayout(handle, size, name)
      const digestion = format.digestion(layout, orders)
      const order = { input: handle.fd, output: undefined, end: size, hashed: false, digestion }
      const { digested } = await passes.read(order)
      const file = { handle, size, layout, digested }
      return { file, plan: await format.plan(file, orders, { passes }) }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  return {
    passes,

    /** What a plan says of a file. */
    async plan(work: FormatWork): Promise<FilePlan> {
      const path = join(folder, work.name)
      await writeFile(path, work.bytes)
      const { file, plan } = await planned(path, work)
      await file.handle.close()
      return plan
    },

    /** Signs a file of that name in the folder, checks it against its plan as the signer does, and answers with its path. */
    async sign(work: FormatWork): Promise<string> {
      const { format, name, signer, timestamps } = work
      const path = join(folder, name)
      await writeFile(path, work.bytes)
      const { file, plan } = await planned(path, work)
      try {
        const certificateChain = signer.chain
        const means = { key: signer.key, certificateChain, timestamps }
        const written = await format.sign(file, plan.directives, means, { passes, spoolPath })
        const certificateThumbprint = readCertificate(certificateChain[0] ?? new Uint8Array()).thumbprintSha256
        const timestamp = timestamps === undefined ? 'none' : 'required'
        const promise = { ...plan, certificateChain, trustedTimestampCertificates: undefined, at: new Date() }
        await checkSignedFile(
          { format, handle: written ?? file.handle, fileName: name },
          { ...promise, plan: { timestamp, certificateThumbprint } },
          { passes },
        )
        // What was written anew takes the copy's place.
        if (written !== undefined) await copyWhole(written, path)
      } finally {
        await file.handle.close()
      }
      return path
    },

    /** Verifies the file of a name in the folder as the signer does. */
    async verify(work: Omit<FormatWork, 'bytes'>, kept: readonly string[] = []): Promise<readonly FoundDirective[]> {
      const handle = await open(join(folder, work.name), 'r')
      try {
        return await work.format.verify(
          handle,
          {
            fileName: work.name,
            directives: [],
            kept,
            certificateChain: work.signer.chain,
            trustedTimestampCertificates: work.trustedTimestampCertificates,
            at: new Date(),
          },
          { passes },
        )
      } finally {
        await handle.close()
      }
    },
  }
}

async function copyWhole(from: FileHandle, path: string): Promise<void> {
  const { size } = await from.stat()
  const { buffer } = await from.read(Buffer.alloc(size), 0, size, 0)
  await from.close()
  await writeFile(path, buffer)
}
