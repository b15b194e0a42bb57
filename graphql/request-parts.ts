import { type Delay, nextTryOf, remedyOf, type SigningRequest, type Source } from '../domain/index.ts'
import type { SigningAttempt } from '../projections/index.ts'
import { builder } from './builder.ts'

const SourceDetailRef = builder.objectRef<{ readonly name: string; readonly value: string }>('SourceDetail').implement({
  description: 'What a kind of source says besides file name, digest and size.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
})

/** Where an artifact comes from. */
export const ArtifactSourceRef = builder.objectRef<Source>('ArtifactSource').implement({
  description: 'Where an artifact comes from, and what the submission said of it. What it is, `artifact` says.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'Such as `uploadedFile`. Later releases may know more.' }),
    fileName: t.exposeString('fileName', { nullable: true }),
    sha256: t.exposeString('sha256', { nullable: true }),
    size: t.expose('size', { type: 'ByteCount', nullable: true }),
    details: t.field({
      type: [SourceDetailRef],
      description: 'What its kind says besides, for people.',
      resolve: (source, _, { describeSource }) =>
        Object.entries(describeSource(source)).map(([name, value]) => ({ name, value })),
    }),
  }),
})

/** Why a request could not go on. */
export const FailureRef = builder
  .objectRef<NonNullable<SigningRequest['failure']> & { readonly failedAt: string }>('Failure')
  .implement({
    description: 'Why the request could not go on.',
    fields: (t) => ({
      code: t.exposeString('code', { description: 'Stable across releases.' }),
      message: t.exposeString('message'),
      path: t.stringList({
        nullable: true,
        description: "The file at fault, where one is: names from the artifact inwards, the artifact's own first.",
        resolve: ({ path }) => path && [...path],
      }),
      remedy: t.string({
        nullable: true,
        description: 'What to do about it.',
        resolve: ({ code }) => remedyOf(code),
      }),
      failedAt: t.expose('failedAt', { type: 'DateTime' }),
    }),
  })

/** Why a request does not go on now. */
export const WaitingReasonRef = builder.objectRef<Delay>('WaitingReason').implement({
  description: 'Why a request does not go on now. It goes on by itself when that is over.',
  fields: (t) => ({
    code: t.string({ description: 'Stable across releases.', resolve: ({ failure }) => failure.code }),
    message: t.string({ resolve: ({ failure }) => failure.message }),
    path: t.stringList({
      nullable: true,
      description:
        "The file that it was about, where it was about one: names from the artifact inwards, the artifact's own first.",
      resolve: ({ failure: { path } }) => path && [...path],
    }),
    remedy: t.string({
      nullable: true,
      description: 'What to do about it.',
      resolve: ({ failure }) => remedyOf(failure.code),
    }),
    since: t.expose('since', { type: 'DateTime' }),
    nextTryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried again. Null: as soon as somebody takes it up.',
      resolve: (delay, _args, { moment }) => {
        const at = nextTryOf(delay, moment === undefined ? Date.now() : Date.parse(moment))
        return at === undefined ? null : new Date(at).toISOString()
      },
    }),
  }),
})

/** A start of signing. */
export const SigningAttemptRef = builder.objectRef<SigningAttempt>('SigningAttempt').implement({
  description: 'The key was about to be used. Recorded before it was.',
  fields: (t) => ({
    attempt: t.exposeInt('attempt', { description: 'From 1.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    certificateThumbprint: t.exposeString('certificateThumbprint'),
  }),
})
