import type { MadeSignature, SignedFile } from '../domain/index.ts'
import { builder } from './builder.ts'
import { pathDescription } from './paged-document.ts'

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

/** A file of a manifest. */
export const SignedFileRef = builder.objectRef<SignedFile>('SignedFile').implement({
  description: 'A file that carries its signatures.',
  fields: (t) => ({
    node: t.exposeInt('node', { description: 'Its place in the plan, from 0.' }),
    path: t.stringList({
      description: pathDescription,
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
