import type { SubmittedBuild, SubmittedOrigin } from '../application/index.ts'
import { type BuildReference, Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'

const SubmittedRepositoryInput = builder.inputType('SubmittedRepositoryInput', {
  description: 'Where the source code of a build lies.',
  fields: (t) => ({
    url: t.string({ description: 'Without user name and password.' }),
    branchName: t.string({ description: 'The branch that was built.' }),
    commitId: t.string({ description: 'The commit that was built.' }),
    sourceControlManagementType: t.string({ description: 'Such as `git`.' }),
  }),
})

const SubmittedBuildDataInput = builder.inputType('SubmittedBuildDataInput', {
  description: 'A build, for people.',
  fields: (t) => ({
    url: t.string({ description: 'The page of the build; without user name and password.' }),
    buildSettingsUploadId: t.string({
      description: 'What `POST /uploads` answered for the file that said how to build.',
    }),
  }),
})

/** Where an artifact comes from, as its submission says. */
export const SubmittedOriginInput = builder.inputType('SubmittedOriginInput', {
  description: 'Where an artifact comes from. Only with the token of a trusted build system.',
  fields: (t) => ({
    repositoryData: t.field({ type: SubmittedRepositoryInput }),
    buildData: t.field({ type: SubmittedBuildDataInput }),
    sourceSummaryUploadIds: t.stringList({
      description: 'What `POST /uploads` answered for the verification summaries of the source.',
    }),
  }),
})

const BuildSecretInput = builder.inputType('BuildSecretInput', {
  description: 'A secret by which the build system is asked about a build.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: '`identityToken` or `accessToken`, as the kind of build system takes it.',
    }),
    value: t.string({
      required: true,
      description: 'Secret: it is kept sealed until the origin is known, and shown to nobody.',
    }),
  }),
})

/** The build that an artifact comes from, as its submission says. */
export const SubmittedBuildInput = builder.inputType('SubmittedBuildInput', {
  description:
    'Which build of the trusted build system an artifact comes from. Only with the token of one; what is said depends on its kind.',
  fields: (t) => ({
    fields: t.field({
      type: 'JSON',
      description:
        'An object: ids of run, job and artifact, such as `{ "runId": "4711", "artifactId": "12" }`. No secret.',
    }),
    secrets: t.field({ type: [BuildSecretInput] }),
  }),
})

/** What a submission says of origin and build. */
type Input = {
  readonly origin?: typeof SubmittedOriginInput.$inferInput | null | undefined
  readonly build?: typeof SubmittedBuildInput.$inferInput | null | undefined
}

/**
 * Origin and build, as use cases take them.
 *
 * @throws Refusal `ORIGIN_BUILD_INVALID` when the fields are no object, or a secret is named twice
 */
export function submittedBuild({ origin, build }: Input): {
  readonly origin: SubmittedOrigin | null
  readonly build: SubmittedBuild | null
} {
  return {
    origin: origin == null ? null : originOf(origin),
    build: build == null ? null : { fields: fieldsOf(build.fields), secrets: secretsOf(build.secrets ?? []) },
  }
}

function originOf({
  repositoryData: repository,
  buildData,
  sourceSummaryUploadIds,
}: NonNullable<Input['origin']>): SubmittedOrigin {
  return {
    sourceSummaryUploadIds: sourceSummaryUploadIds ?? [],
    repositoryData:
      repository == null
        ? null
        : {
            url: repository.url ?? null,
            branchName: repository.branchName ?? null,
            commitId: repository.commitId ?? null,
            sourceControlManagementType: repository.sourceControlManagementType ?? null,
          },
    buildData:
      buildData == null
        ? null
        : { url: buildData.url ?? null, buildSettingsUploadId: buildData.buildSettingsUploadId ?? null },
  }
}

function fieldsOf(fields: unknown): SubmittedBuild['fields'] {
  if (fields == null) return {}
  if (typeof fields === 'object' && !Array.isArray(fields)) return { ...fields }
  throw new Refusal('ORIGIN_BUILD_INVALID', 'The fields of a build must be an object: { "runId": "4711" }.', {
    field: 'build.fields',
  })
}

function secretsOf(given: readonly { readonly name: string; readonly value: string }[]): SubmittedBuild['secrets'] {
  const named = new Map(given.map(({ name, value }) => [name, value]))
  if (named.size === given.length) return Object.fromEntries(named)
  throw new Refusal('ORIGIN_BUILD_INVALID', 'A secret of the build is named twice. Name each once.', {
    field: 'build.secrets',
  })
}

/** What a request's submission said of its build. */
export const BuildReferenceRef = builder.objectRef<BuildReference>('BuildReference').implement({
  description: 'Which build of its system an artifact comes from, as the submission says. Nobody has checked it.',
  fields: (t) => ({
    fields: t.field({ type: 'JSON', resolve: ({ fields }) => fields }),
    secretNames: t.stringList({
      description: 'Names of the secrets that the submission brought. They are removed when the origin is known.',
      resolve: ({ secrets }) => secrets.map(({ name }) => name),
    }),
  }),
})
