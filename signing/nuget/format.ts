import type { ContentDigest } from '../../domain/index.ts'
import { onlyDirective } from '../directives.ts'
import type { FileParts, SignatureFormat, StartFindings } from '../signature-format.ts'
import { countersign } from './countersign.ts'
import { nugetOrder, nugetSign } from './directive.ts'
import { signaturePath } from './open-package.ts'
import { makePackageSignature, type SignatureRequest } from './package-signature.ts'
import { type PlannedPackage, planPackage } from './plan-package.ts'
import { verifyPackage } from './verify-package.ts'
import { writeSignature } from './write-package.ts'

/** What the digest of a package is called in plans. */
const content = 'package'

/** What is read beforehand: nothing but the size, because everything else is read where time and memory are limited. */
type PackageLayout = { readonly size: number }

/** Packages of NuGet, and of its symbols, with "NuGet Package Signatures Technical Specification". */
export const nugetFormat: SignatureFormat<PackageLayout, undefined> = {
  name: 'nuget',
  title: 'NuGet packages (nupkg)',
  elements: ['nupkg-file'],
  directives: [nugetSign],

  detect: async (file) => ((await isPackage(file)) ? 'recognized' : 'foreign'),

  ownsEntry: (name) => name === signaturePath,

  // The directory is at the end.
  checkStart: async (): Promise<StartFindings> => ({ isSigned: false }),

  defaultOrders: ({ existingSignatures }) => [
    { directive: nugetSign.name, attributes: { append: existingSignatures === 'append' } },
  ],

  readLayout: async (_handle, size) => ({ size }),

  digestion: () => undefined,

  async plan({ handle, size }, orders, options) {
    const order = onlyDirective(orders)
    const wanted = nugetOrder(order)
    const { digest, existing } = await planPackage({ handle, size }, wanted, options)
    return { existingSignatures: existing, directives: [{ ...order, contentDigests: [digestOf(digest)] }] }
  },

  async sign({ handle, size }, directives, means, options) {
    const { signal } = options
    const wanted = nugetOrder(onlyDirective(directives))
    const { unsigned, digest, countersigned } = await planPackage({ handle, size }, wanted, options)
    const time = new Date()
    const request: SignatureRequest = { ...wanted, means, time, signal }
    const signature =
      countersigned === undefined
        ? await makePackageSignature(digest.bytes, request)
        : await countersign(countersigned, request)
    signal?.throwIfAborted()
    await writeSignature(handle, unsigned, signature, time)
    return undefined
  },

  async verify(handle, expectation, options) {
    const found = await verifyPackage(handle, expectation, options)
    return [
      {
        directive: nugetSign.name,
        attributes: {
          'signature-type': found.type,
          'service-index-url': found.serviceIndexUrl,
          'package-owners': found.owners.length === 0 ? null : found.owners.join(','),
          'hash-algorithm': found.hash,
        },
        contentDigests: [{ content, ...found.packageDigest }],
        signerCertificate: found.signerCertificate,
        certificates: found.certificates,
        timestamp: found.timestamp,
      },
    ]
  },
}

function digestOf({ algorithm, bytes }: PlannedPackage['digest']): ContentDigest {
  return { content, algorithm, digest: bytes.toString('hex') }
}

/** Packages are archives like many others: what they are called says that NuGet is meant to read them. */
async function isPackage({ name, readPart }: FileParts): Promise<boolean> {
  return /\.s?nupkg$/i.test(name) && (await readPart(0, 4)).equals(Buffer.from('PK\x03\x04', 'latin1'))
}
