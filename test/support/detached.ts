import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttributeValue, CertificateFormat } from '../../domain/index.ts'
import type { DetachedMeans, DetachedSignature, OpenFile } from '../../signing/detached-signature.ts'
import { detachedFormat, detachedSignature } from '../../signing/detached-signatures.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import type { FoundDirective } from '../../signing/signature-format.ts'

/** What a test signs with, and whom it trusts. */
export type DetachedSigner = Pick<DetachedMeans, 'key' | 'certificateChain' | 'openPgpCertificate'> & {
  readonly timestamps?: DetachedMeans['timestamps']
  readonly trustedTimestampCertificates?: readonly Uint8Array[]
  readonly now?: () => Date
}

/** A signature that was made beside a file. */
export type MadeDetached = {
  readonly file: string
  readonly signature: string
  readonly found: FoundDirective
  /** Verifies other files by the same expectation. */
  readonly verify: (bytes?: { readonly file?: Uint8Array; readonly signature?: Uint8Array }) => Promise<FoundDirective>
}

/** Makes signatures beside files in a folder, as planner and signer do, and verifies them with the project's own side. */
export function detachedSigning(folder: string, passes: FilePasses) {
  let count = 0

  async function opened<Result>(path: string, use: (file: OpenFile) => Promise<Result>, flags = 'r'): Promise<Result> {
    const handle = await open(path, flags)
    try {
      return await use({ handle, size: (await handle.stat()).size, name: path.split('/').at(-1) ?? '' })
    } finally {
      await handle.close()
    }
  }

  function signatureOf(directive: string): DetachedSignature {
    const found = detachedSignature(directive)
    if (found === undefined) throw new Error(`There is no ${directive}.`)
    return found
  }

  return async function sign(
    directive: string,
    attributes: Readonly<Record<string, AttributeValue>>,
    content: Uint8Array | string,
    signer: DetachedSigner,
  ): Promise<MadeDetached> {
    const kind = signatureOf(directive)
    const number = count++
    const path = (name: string) => join(folder, `${number}.${name}`)
    const [file, signature] = [path('file'), path('signature')]
    await writeFile(file, content)
    const { key, certificateChain, openPgpCertificate, timestamps, trustedTimestampCertificates } = signer
    const now = signer.now ?? (() => new Date())
    const certificateFormat: CertificateFormat = openPgpCertificate === undefined ? 'x509' : 'openpgp'
    const limits = {
      keyAlgorithm: key.algorithm,
      timestamp: 'none',
      rawSigningAllowed: true,
      certificateFormat,
    } as const
    const named = { 'output-file-name': `${number}.signature`, ...attributes }
    const [order] = completeOrders(detachedFormat, [{ directive, attributes: named }], limits)
    if (order === undefined) throw new Error('There is no order.')
    const means = { key, certificateChain, timestamps, openPgpCertificate, now }
    const options = { passes }
    const planned = await opened(file, (input) => kind.plan(input, order, options))
    await opened(file, (input) =>
      opened(signature, ({ handle }) => kind.make(input, planned, means, handle, options), 'wx+'),
    )
    const expectation = { directive: planned, certificateChain, trustedTimestampCertificates, openPgpCertificate }
    const verifyFiles = (one: string, other: string) =>
      opened(one, (input) =>
        opened(other, (made) =>
          kind.verify(input, { ...made, name: `${number}.signature` }, { ...expectation, at: now() }, options),
        ),
      )
    const verify: MadeDetached['verify'] = async (bytes = {}) => {
      const [one, other] = [path('other-file'), path('other-signature')]
      await writeFile(one, bytes.file ?? (await readFile(file)))
      await writeFile(other, bytes.signature ?? (await readFile(signature)))
      return verifyFiles(one, other)
    }
    return { file, signature, found: { ...(await verifyFiles(file, signature)) }, verify }
  }
}
