import type { MadeSignature, ManifestOfRequest, RecordedDocument, SignedFile } from '../domain/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import type { GraphQLContext } from './context.ts'
import { documentFields, documentsOf, numberedPage } from './paged-document.ts'

const manifestOf = documentsOf((reference, { openManifest }) => openManifest(reference))

const TimestampRef = builder.objectRef<NonNullable<MadeSignature['timestamp']>>('Timestamp').implement({
  description: 'An RFC 3161 time-stamp.',
  fields: (t) => ({
    time: t.expose('time', { type: 'DateTime' }),
    authority: t.exposeString('authority'),
    uncovered: t.stringList({
      description:
        'What the authority sent along that nothing signed covers, so that anything could stand there: attribute certificates and certificates of other paths, as many authorities send.',
      resolve: ({ uncovered }) => [...uncovered],
    }),
  }),
})

const MadeSignatureRef = builder.objectRef<MadeSignature>('MadeSignature').implement({
  description: 'A signature that was made, and verified before it was recorded.',
  fields: (t) => ({
    directive: t.exposeString('directive', { description: 'The directive of the plan that asked for it.' }),
    timestamp: t.expose('timestamp', { type: TimestampRef, nullable: true }),
  }),
})

const SignedFileRef = builder.objectRef<SignedFile>('SignedFile').implement({
  description: 'A file that carries its signatures.',
  fields: (t) => ({
    node: t.exposeInt('node', { description: 'Its place in the plan, from 0.' }),
    path: t.stringList({
      description: "Names from the artifact inwards: the artifact's own file name, the path in it, the path in that, …",
      resolve: ({ path }) => [...path],
    }),
    unsignedSha256: t.exposeString('unsignedSha256'),
    signedSha256: t.exposeString('signedSha256'),
    signedSize: t.expose('signedSize', { type: 'ByteCount' }),
    signatures: t.field({
      type: [MadeSignatureRef],
      description: 'In the order in which they were made.',
      // Rarely more than one.
      complexity: { field: 1, multiplier: 2 },
      resolve: ({ signatures }) => [...signatures],
    }),
  }),
})

/** What was signed. */
export const SigningManifestRef = builder.objectRef<ManifestOfRequest & RecordedDocument>('SigningManifest').implement({
  description: 'What an attempt to sign has made.',
  fields: (t) => ({
    digest: t.exposeString('digest', { description: 'SHA-256 of `document`, hexadecimal. It is in the log.' }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files were signed.' }),
    files: t.connection(
      {
        type: SignedFileRef,
        nullable: true,
        description: 'The files that were signed, in the order of the plan.',
        resolve: async (manifest, args, context) => {
          const page = parsePageRequest(args)
          const list = { list: `signed ${manifest.digest}`, count: manifest.fileCount, page }
          return asConnection(await numberedPage(list, (from, to) => signedFiles(manifest, from, to, context)))
        },
      },
      { name: 'SignedFileConnection' },
    ),
    ...documentFields(t, manifestOf),
  }),
})

/** The log itself names them where they are few: then the store is not asked. */
async function signedFiles(
  manifest: ManifestOfRequest & RecordedDocument,
  from: number,
  to: number,
  context: GraphQLContext,
): Promise<readonly SignedFile[]> {
  const known = manifest.files.filter(({ signatures }) => signatures.length > 0)
  if (to <= known.length) return known.slice(from, to)
  const { signedEntries } = await manifestOf(manifest, context)
  return (await signedEntries(from, to)).map(({ entry }) => entry)
}
