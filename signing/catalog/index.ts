import {
  assertDescribable,
  authenticodeSign,
  defaultOrders,
  foundDirective,
  type VerifiedSignature,
  wantedBy,
} from '../authenticode/index.ts'
import { inDerOrder } from '../cms/index.ts'
import { onlyDirective } from '../directives.ts'
import type { ForeignVerdict, ForeignVerifier } from '../foreign-verifier.ts'
import type { DirectiveDefinition, SignatureFormat } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { catalogDigestion, type DigestedCatalog } from './catalog-digestion.ts'
import { beginsAsCatalog, catalogSizeLimit, catalogStartSize } from './catalog-structure.ts'
import type { CatalogToJudge } from './judge-in-thread.ts'
import { signCatalog } from './sign-catalog.ts'
import type { CatalogToVerify } from './verify-catalog.ts'

const signDirective: DirectiveDefinition = { ...authenticodeSign, embeddedCertificates: (chain) => inDerOrder(chain) }

/** What the digest of a catalog is called in plans. */
const list = 'list'

/**
 * Catalogs of Windows: a PKCS #7 SignedData whose content is a list of the digests of other files, as `makecat`, `Inf2Cat` and
 * `New-FileCatalog` write it.
 */
export const catalogFormat: SignatureFormat<{ readonly size: number }, DigestedCatalog> = {
  name: 'catalog',
  title: 'catalogs of Windows (cat)',
  elements: ['catalog-file'],
  directives: [signDirective],

  async detect({ readPart }) {
    // Of other files no more than that need be at hand.
    if ((await readPart(0, 1))[0] !== 0x30) return 'foreign'
    return beginsAsCatalog(await readPart(0, catalogStartSize)) ? 'recognized' : 'foreign'
  },

  async checkStart(_start, size) {
    assertSize(size)
    return { isSigned: false }
  },

  defaultOrders,

  async readLayout(_handle, size) {
    assertSize(size)
    return { size }
  },

  digestion: ({ size }, orders) =>
    catalogDigestion({ size, hashAlgorithm: wantedBy(onlyDirective(orders)).hashAlgorithm }),

  async plan({ digested: { digest, existingSignatures } }, orders) {
    const order = onlyDirective(orders)
    const { hashAlgorithm, append, program } = wantedBy(order)
    assertDescribable(program)
    if (append && existingSignatures.length > 0)
      throw new SigningError(
        'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
        'A signature cannot be added to that of a catalog, only take its place: a catalog has one.',
      )
    const contentDigests = [{ content: list, algorithm: hashAlgorithm, digest: Buffer.from(digest).toString('hex') }]
    return { existingSignatures, directives: [{ ...order, contentDigests }] }
  },

  async sign({ handle, size, digested }, directives, { key, certificateChain, timestamps }, { signal }) {
    const { hashAlgorithm, program } = wantedBy(onlyDirective(directives))
    await signCatalog({ handle, size }, digested, {
      key,
      certificateChain,
      hashAlgorithm,
      ...program,
      ...(timestamps !== undefined && { timestamp: timestamps }),
      ...(signal !== undefined && { signal }),
    })
    return undefined
  },

  async verify(handle, { certificateChain, trustedTimestampCertificates, at }, { passes, signal }) {
    const { size } = await handle.stat()
    const trust = {
      at,
      trustedCertificates: certificateChain.slice(-1),
      ...(trustedTimestampCertificates !== undefined && { trustedTimestampCertificates }),
    }
    const parameters: CatalogToVerify = { input: handle.fd, size, trust }
    const module = new URL('./verify-catalog.ts', import.meta.url).href
    return [foundDirective((await passes.parse({ module, parameters }, { signal })) as VerifiedSignature, list)]
  },
}

/** Judges the signature of a catalog that somebody else made. */
export const catalogVerifier: ForeignVerifier = {
  directive: 'authenticode-verify',
  formats: [catalogFormat.name],
  async verify({ handle, size }, trust, { passes, signal }) {
    assertSize(size)
    const parameters: CatalogToJudge = { input: handle.fd, size, trust }
    const module = new URL('./judge-in-thread.ts', import.meta.url).href
    return (await passes.parse({ module, parameters }, { signal })) as ForeignVerdict
  },
}

function assertSize(size: number): void {
  if (size > catalogSizeLimit)
    throw new SigningError(
      'CATALOG_TOO_LARGE',
      `The catalog has ${size} bytes; catalogs of at most ${catalogSizeLimit} bytes are signed.`,
    )
}
