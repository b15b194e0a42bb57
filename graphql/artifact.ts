import type { Artifact } from '../domain/index.ts'
import { builder } from './builder.ts'

/** A file in the artifact store. */
export const ArtifactRef = builder.objectRef<Artifact>('Artifact').implement({
  description: 'A file in the artifact store.',
  fields: (t) => ({
    fileName: t.exposeString('fileName'),
    sha256: t.exposeString('sha256'),
    size: t.expose('size', { type: 'ByteCount' }),
  }),
})
