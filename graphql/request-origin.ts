import {
  type AddedBuildData,
  type BuildActor,
  type CheckInput,
  type DemandedOrigin,
  evidenceFile,
  type OriginCheck,
  type OriginEvidence,
  type OriginOfRequest,
  originProofs,
  type VerifiedOrigin,
} from '../domain/index.ts'
import type { SigningRequestView } from '../projections/index.ts'
import { BuildNodeRef } from './actor.ts'
import { ArtifactRef } from './artifact.ts'
import { builder } from './builder.ts'
import { named } from './enums.ts'
import { artifactLink } from './links.ts'
import { TrustedBuildSystemRef } from './refs.ts'
import { SourceSummaryRuleRef } from './signing-policy.ts'
import { TrustedBuildSystemKindRef } from './trusted-build-system-enums.ts'

const OriginProofRef = builder.enumType('OriginProof', {
  description: 'How it is known where an artifact comes from.',
  values: named(originProofs),
})

const OriginCheckOutcomeRef = builder.enumType('OriginCheckOutcome', {
  values: {
    passed: { value: 'passed' as const },
    failed: { value: 'failed' as const },
    logged: { value: 'logged' as const, description: 'It failed, but its rule only asks to be told.' },
  },
})

const CheckInputRef = builder.objectRef<CheckInput>('OriginCheckInput').implement({
  description: 'What a check compared.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value', { nullable: true }) }),
})

const OriginCheckRef = builder.objectRef<OriginCheck>('OriginCheck').implement({
  description: 'One check of an origin: what was compared, how it came out, and what would be right.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Stable, in camelCase: `repository`, `branch`.' }),
    outcome: t.expose('outcome', { type: OriginCheckOutcomeRef }),
    code: t.exposeString('code', { nullable: true, description: 'Null when it passed.' }),
    message: t.exposeString('message', { nullable: true, description: 'Null when it passed.' }),
    inputs: t.field({ type: [CheckInputRef], resolve: ({ inputs }) => [...inputs] }),
  }),
})

type OfRequest = Pick<SigningRequestView, 'organizationId' | 'signingRequestId'>

const OriginEvidenceRef = builder
  .objectRef<OriginEvidence & { readonly request: OfRequest }>('OriginEvidence')
  .implement({
    description: 'A raw answer of a build system, which is kept under its SHA-256.',
    fields: (t) => ({
      name: t.exposeString('name'),
      mediaType: t.exposeString('mediaType'),
      sha256: t.exposeString('sha256'),
      size: t.exposeFloat('size', { description: 'Bytes.' }),
      fileName: t.string({
        description: 'What it is called when it is downloaded.',
        resolve: (evidence) => evidenceFile(evidence).fileName,
      }),
      link: t.string({
        description: 'Where it can be downloaded by those who may download the artifact.',
        resolve: ({ sha256, request }, _, { publicUrl }) =>
          artifactLink(publicUrl, request, `OriginEvidence/${sha256}`),
      }),
    }),
  })

const BuildActorRef = builder.objectRef<BuildActor>('BuildActor').implement({
  description: 'Somebody behind a build, as its build system names them.',
  fields: (t) => ({
    role: t.exposeString('role', { description: '`initiator` or `pusher`.' }),
    system: t.exposeString('system', { description: 'Whose id it is.' }),
    actorId: t.exposeString('id', { description: 'The id that `system` knows them by.' }),
    name: t.exposeString('name', { nullable: true }),
  }),
})

const VerifiedBuildRef = builder.objectRef<VerifiedOrigin['build']>('VerifiedBuild').implement({
  description: 'The build that made an artifact.',
  fields: (t) => ({
    buildId: t.exposeString('id', { description: 'As its build system names it.' }),
    url: t.exposeString('url', { nullable: true }),
    attempt: t.exposeInt('attempt', { nullable: true, description: '1 for the first.' }),
    definition: t.exposeString('definition', { nullable: true, description: 'What says how to build.' }),
    calledDefinition: t.exposeString('calledDefinition', { nullable: true }),
    trigger: t.exposeString('trigger', { nullable: true, description: 'What began the build: `push`, `schedule`.' }),
    runners: t.exposeString('runners', { description: '`hosted`, `selfHosted` or `unknown`.' }),
  }),
})

const VerifiedOriginRef = builder.objectRef<VerifiedOrigin>('VerifiedOrigin').implement({
  description: 'Where an artifact comes from, as its build system answers for it.',
  fields: (t) => ({
    repositoryUrl: t.string({ resolve: ({ repository }) => repository.url }),
    repositoryId: t.string({ nullable: true, resolve: ({ repository }) => repository.id }),
    repositoryOwnerId: t.string({ nullable: true, resolve: ({ repository }) => repository.ownerId }),
    refKind: t.string({ description: '`branch` or `tag`.', resolve: ({ ref }) => ref.kind }),
    refName: t.string({ resolve: ({ ref }) => ref.name }),
    commitId: t.exposeString('commitId'),
    build: t.expose('build', { type: VerifiedBuildRef }),
    actors: t.field({ type: [BuildActorRef], resolve: ({ actors }) => [...actors] }),
    node: t.field({
      type: BuildNodeRef,
      nullable: true,
      description: 'The build node behind an authentication proxy.',
      resolve: ({ node }) => node ?? null,
    }),
  }),
})

/** What is demanded of the origin of a request's artifact. */
export const DemandedOriginRef = builder.objectRef<DemandedOrigin>('DemandedOrigin').implement({
  description: 'What policy and project demanded of the origin when the request was submitted.',
  fields: (t) => ({
    repositoryUrl: t.exposeString('repositoryUrl'),
    allowedBranches: t.stringList({ resolve: ({ allowedBranches }) => [...allowedBranches] }),
    sourceSummary: t.field({
      type: SourceSummaryRuleRef,
      nullable: true,
      description: 'Null: none is demanded.',
      resolve: ({ sourceSummary }) => sourceSummary ?? null,
    }),
  }),
})

/** What is known of the origin of a request's artifact. */
export const RequestOriginRef = builder
  .objectRef<OriginOfRequest & { readonly request: OfRequest }>('RequestOrigin')
  .implement({
    description: 'What came of verifying the origin of an artifact.',
    fields: (t) => ({
      verified: t.field({
        type: VerifiedOriginRef,
        nullable: true,
        description: 'Null when it was rejected.',
        resolve: ({ verified }) => verified?.origin ?? null,
      }),
      proof: t.field({
        type: OriginProofRef,
        nullable: true,
        description: 'How it is known. Null when it was rejected.',
        resolve: ({ verified }) => verified?.proof ?? null,
      }),
      kind: t.expose('kind', { type: TrustedBuildSystemKindRef }),
      trustedBuildSystem: t.field({
        type: TrustedBuildSystemRef,
        nullable: true,
        resolve: ({ trustedBuildSystemId }) => trustedBuildSystemId,
      }),
      checks: t.field({
        type: [OriginCheckRef],
        description: 'Every check, in the order in which they were made.',
        resolve: ({ checks }) => [...checks],
      }),
      evidence: t.field({
        type: [OriginEvidenceRef],
        resolve: ({ evidence, request }) => evidence.map((each) => ({ ...each, request })),
      }),
    }),
  })

/** What was written into a package about its build. */
export const AddedBuildDataRef = builder.objectRef<AddedBuildData>('AddedBuildData').implement({
  description: 'What the service wrote into a package about its build, before the package was planned and signed.',
  fields: (t) => ({
    builtArtifact: t.expose('builtArtifact', {
      type: ArtifactRef,
      description: 'The package as its build made it, whose origin was verified.',
    }),
    repositoryType: t.string({ description: '`git`, for example.', resolve: ({ repository }) => repository.type }),
    repositoryUrl: t.string({ resolve: ({ repository }) => repository.url }),
    commitId: t.string({ resolve: ({ repository }) => repository.commitId }),
    settingsFileName: t.string({
      description: 'The file in the root of the package that tells the settings of the build.',
      resolve: ({ settings }) => settings.fileName,
    }),
    settingsSha256: t.string({
      description: 'Its SHA-256, which the evidence `settings` of the origin has too.',
      resolve: ({ settings }) => settings.sha256,
    }),
  }),
})
