import { z } from 'zod'
import { type HashAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { makeDetachedCms } from '../cms-detached/make.ts'
import { hashAlgorithm, outputFileName, requireRsaPadding, rsaPadding } from '../detached/attributes.ts'
import { plannedDigest } from '../detached/file-digest.ts'
import type { DetachedSignature, OpenFile } from '../detached-signature.ts'
import { writeFully } from '../output-file.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { messageFrame } from './message.ts'
import { verifyMessage } from './verify.ts'
import type { ContentWork, Normalization, WrittenContent } from './write-content.ts'

const attributes = z.strictObject({
  'output-file-name': outputFileName,
  normalization: z.enum(['line-endings', 'none']).default('line-endings').meta({
    title: 'normalization',
    description: 'Whether every line end of the file becomes CR LF in the message, as mail demands, or all bytes stay.',
  }),
  'hash-algorithm': hashAlgorithm,
  'rsa-padding': rsaPadding,
})

/** What plans call what is signed of a file: with its line ends as they become. */
const content = { 'line-endings': 'file with CR LF', none: 'file' } as const

/**
 * `smime-sign`: a multipart/signed message (RFC 8551 §3.5.3) of the file and its CMS signature. The file is the first part as it is, but for
 * its line ends: it brings its own MIME header, if it is to have one.
 */
export const smimeSignature: DetachedSignature = {
  definition: {
    name: 'smime-sign',
    attributes,
    untraceable: [],
    keyAlgorithms,
    timestamps: true,
    embeddedCertificates: (chain) => chain,
    checkKey: requireRsaPadding,
  },

  async plan(file, order, options) {
    const { 'hash-algorithm': algorithm, normalization } = attributes.parse(order.attributes)
    const { digest } = await workOn(file, { normalization, hash: algorithm }, options)
    return { ...order, contentDigests: [{ content: content[normalization], algorithm, digest }] }
  },

  async make(file, directive, means, output, options) {
    const asked = attributes.parse(directive.attributes)
    const { normalization, 'hash-algorithm': hash, 'rsa-padding': padding } = asked
    const digest = plannedDigest(directive)
    const signature = await makeDetachedCms({ digest, hash, padding }, means, options)
    // Nobody can make content that holds its own digest, so no line of it is the boundary.
    const boundary = `----${digest.subarray(0, 16).toString('hex')}`
    const { head, middle, end } = messageFrame(boundary, hash)
    const written = { descriptor: output.fd, head: Buffer.from(head, 'latin1') }
    const content = await workOn(file, { normalization, hash, output: written }, options)
    const lines =
      Buffer.from(signature)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    await writeFully(output, content.end, Buffer.from(`${middle}${lines.join('\r\n')}${end}`, 'latin1'))
  },

  async verify(file, signature, expectation, options) {
    const asked = attributes.parse(expectation.directive.attributes)
    const { normalization } = asked
    const found = await verifyMessage({ file, message: signature, normalization }, expectation, options)
    const { hash: algorithm, padding, digest, signerCertificate, certificates, timestamp } = found
    return {
      directive: smimeSignature.definition.name,
      attributes: {
        'output-file-name': signature.name,
        // The signed part is the file by this normalization, which was verified.
        normalization,
        'hash-algorithm': algorithm,
        // Keys that are not RSA sign the same whatever it says.
        'rsa-padding': padding ?? asked['rsa-padding'],
      },
      contentDigests: [{ content: content[normalization], algorithm, digest: Buffer.from(digest).toString('hex') }],
      signerCertificate,
      certificates,
      timestamp,
    }
  },
}

async function workOn(
  { handle, size }: OpenFile,
  work: { readonly normalization: Normalization; readonly hash: HashAlgorithm } & Pick<ContentWork, 'output'>,
  { passes, ...following }: FileWorkOptions,
): Promise<WrittenContent> {
  const parameters: ContentWork = { input: handle.fd, size, ...work }
  const module = new URL('./write-content.ts', import.meta.url).href
  return (await passes.work({ module, parameters }, following)) as WrittenContent
}
