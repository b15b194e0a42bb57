import type { ManifestOfRequest, RecordedDocument, SignedFile } from '../domain/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { documentFields, documentsOf, entryConnection } from './paged-document.ts'
import { SignedFileRef } from './signed-file.ts'

const manifestOf = documentsOf((reference, { openManifest }) => openManifest(reference))

/** What was signed. */
export const SigningManifestRef = builder.objectRef<ManifestOfRequest & RecordedDocument>('SigningManifest').implement({
  description: 'What an attempt to sign has made.',
  fields: (t) => ({
    digest: t.exposeString('digest', { description: 'SHA-256 of `document`, hexadecimal. It is in the log.' }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files were signed.' }),
    files: entryConnection(t, 'SignedFileConnection', {
      type: SignedFileRef,
      description: 'The files that were signed, in the order of the plan.',
      list: (manifest, context) => ({
        list: `signed ${manifest.digest}`,
        count: manifest.fileCount,
        read: (from, to) => signedFiles(manifest, from, to, context),
      }),
    }),
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
