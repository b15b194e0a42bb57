import { type Artifact, type KeyId, provenanceFiles } from '../domain/index.ts'
import type { SigningRequestView } from '../projections/index.ts'
import { ArtifactRef } from './artifact.ts'
import { builder } from './builder.ts'
import { artifactLink } from './links.ts'
import { KeyRef } from './refs.ts'

type SigningProvenance = {
  readonly request: Pick<SigningRequestView, 'organizationId' | 'signingRequestId'>
  readonly keyId: KeyId
  readonly envelope: Artifact
  readonly bundle: Artifact
}

/** The provenance of a request, once it is completed. */
export function signingProvenanceOf(request: SigningRequestView): SigningProvenance | null {
  const files = provenanceFiles(request)
  const { provenance } = request
  return files === null || provenance === null ? null : { request, keyId: provenance.keyId, ...files }
}

/** Where what was signed comes from, as a signed statement. */
export const SigningProvenanceRef = builder.objectRef<SigningProvenance>('SigningProvenance').implement({
  description:
    'From which source what was signed was built, by which build system and how, with its digests before and after: SLSA provenance in an in-toto statement.',
  fields: (t) => ({
    key: t.field({
      type: KeyRef,
      nullable: true,
      description: 'What signed it.',
      resolve: ({ keyId }) => keyId,
    }),
    envelope: t.expose('envelope', { type: ArtifactRef, description: 'The DSSE envelope.' }),
    envelopeLink: t.string({
      description: 'Where the envelope can be downloaded by those who may.',
      resolve: ({ request }, _, { publicUrl }) => artifactLink(publicUrl, request, 'Provenance'),
    }),
    bundle: t.expose('bundle', { type: ArtifactRef, description: 'The same envelope in a sigstore bundle.' }),
    bundleLink: t.string({
      description: 'Where the bundle can be downloaded by those who may.',
      resolve: ({ request }, _, { publicUrl }) => artifactLink(publicUrl, request, 'ProvenanceBundle'),
    }),
  }),
})
