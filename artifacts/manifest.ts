import { z } from 'zod'
import {
  type DocumentReference,
  leadingFiles,
  mostNamesOfPath,
  type PagedDocument,
  parseId,
  parseSha256Digest,
  type RecordedDocument,
  type SignedFile,
  type SigningManifest,
  type SigningRequestId,
} from '../domain/index.ts'
import {
  composeDocument,
  type DocumentForm,
  type DocumentPage,
  openDocument,
  pagesSchema,
  type RecentHeads,
  type SpoolFolder,
  storeDocument,
  withSpool,
} from './documents/index.ts'
import type { ArtifactStore } from './store/index.ts'

/** The head of a manifest's document. */
export type ManifestHead = SigningManifest & { readonly pages: readonly DocumentPage[] }

/** A stored manifest, open for reading in parts. */
export type OpenManifest = PagedDocument<ManifestHead, SignedFile>

/** A manifest that was stored. */
export type StoredManifest = DocumentReference & {
  readonly manifest: SigningManifest
  /** How many files of it are signed. */
  readonly fileCount: number
  /** Its first files, as many as an event names. */
  readonly files: readonly SignedFile[]
}

const sha256 = z.string().transform((text) => parseSha256Digest(text, 'a digest of the manifest'))

const form: DocumentForm<ManifestHead, SignedFile> = {
  name: 'signing manifest',
  malformedCode: 'MANIFEST_MALFORMED',
  head: z.strictObject({
    kind: z.literal('signingManifest'),
    schemaVersion: z.literal(1),
    signingRequestId: z.string().transform((text) => parseId<SigningRequestId>(text, 'the id of a manifest')),
    attempt: z.int().positive(),
    planDigest: sha256,
    certificateThumbprint: z.string().regex(/^[0-9a-f]{64}$/),
    signedArtifact: z.strictObject({ fileName: z.string(), sha256, size: z.int().nonnegative() }),
    pages: pagesSchema,
  }),
  entry: z.strictObject({
    node: z.int().nonnegative(),
    path: z.array(z.string().min(1)).min(1).max(mostNamesOfPath),
    unsignedSha256: sha256,
    signedSha256: sha256,
    signedSize: z.int().nonnegative(),
    signatures: z.array(
      z.strictObject({
        directive: z.string(),
        timestamp: z
          .strictObject({ time: z.iso.datetime(), authority: z.string(), uncovered: z.array(z.string()) })
          .nullable(),
      }),
    ),
    outputs: z
      .array(z.strictObject({ name: z.string().min(1), sha256, size: z.int().nonnegative() }))
      .min(1)
      .exactOptional(),
  }),
  isSigned: ({ signatures }) => signatures.length > 0,
}

/**
 * Puts a manifest together and stores it. Holds a page of it in memory.
 *
 * @param manifest asked for when all files are there
 * @param files in the order of the plan
 * @throws ArtifactError `ARTIFACT_STORE_FULL`, `ARTIFACT_STORE_UNAVAILABLE`; the codes of the spool's place
 */
export function storeManifest(
  store: Pick<ArtifactStore, 'put'>,
  manifest: () => SigningManifest,
  files: AsyncIterable<SignedFile> | Iterable<SignedFile>,
  spools: SpoolFolder,
): Promise<StoredManifest> {
  return withSpool(spools, async (spool) => {
    const { isSigned } = form
    let leading: readonly SignedFile[] = []
    let isWhole = true
    async function* noted() {
      for await (const file of files) {
        if (isWhole) {
          const longer = [...leading, file]
          leading = leadingFiles(longer)
          isWhole = leading.length === longer.length
        }
        yield file
      }
    }
    const composed = await composeDocument(manifest, noted(), { spool, isSigned })
    const stored = await storeDocument(store, composed)
    return { ...stored, manifest: composed.facts, fileCount: composed.signedCount, files: leading }
  })
}

/**
 * Opens a stored manifest: reads its head, and nothing else.
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`; `MANIFEST_MALFORMED` when the bytes of this digest are not a manifest in
 *   canonical form; `ARTIFACT_CORRUPT` when they are not of this digest; `ARTIFACT_STORE_UNAVAILABLE`; reading parts the same
 */
export function openManifest(
  store: Pick<ArtifactStore, 'open'>,
  reference: DocumentReference | RecordedDocument,
  heads?: RecentHeads,
): Promise<OpenManifest> {
  return openDocument(store, reference, form, heads)
}
