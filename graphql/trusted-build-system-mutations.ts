import type { IssuedBuildSystemToken, TrustedBuildSystemHandled } from '../application/index.ts'
import type { LinkSettings, ProjectId, TrustedBuildSystemId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { type EntityChanged, entityPayload } from './entity-payload.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { TrustedBuildSystemRef } from './refs.ts'
import { TrustedBuildSystemKindRef } from './trusted-build-system-enums.ts'

const form = { type: 'TrustedBuildSystem', ref: TrustedBuildSystemRef, field: 'trustedBuildSystem' } as const

/** What a change of a trusted build system answers. */
export const TrustedBuildSystemPayloadRef = entityPayload(form)

/** A build system that has a new token. */
type TokenIssued = EntityChanged & Pick<IssuedBuildSystemToken, 'token' | 'tokenId'>

const TokenPayloadRef = entityPayload({ ...form, name: 'IssuedTrustedBuildSystemTokenPayload' })

// What resolves to this payload below issues a token.
builder.objectFields(TokenPayloadRef, (t) => ({
  tokenId: t.id({ description: 'UUID.', resolve: (issued) => (issued as TokenIssued).tokenId }),
  token: t.string({
    description: 'The token itself. It is shown this once, and kept nowhere.',
    resolve: (issued) => (issued as TokenIssued).token,
  }),
}))

const idDescription = 'UUID or node id.'
const revisionDescription = 'Refused when there is a newer one; left out: whatever there is.'

const CreateTrustedBuildSystemInput = builder.inputType('CreateTrustedBuildSystemInput', {
  fields: (t) => ({
    slug: t.string({ required: true, description: 'What tools name it by, for good.' }),
    name: t.string({ required: true }),
    description: t.string(),
    kind: t.field({ type: TrustedBuildSystemKindRef, required: true, description: 'For good.' }),
  }),
})

const UpdateTrustedBuildSystemInput = builder.inputType('UpdateTrustedBuildSystemInput', {
  description: 'The settings as they are to be: what is left out is empty then.',
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ required: true, description: 'The `revision` that the change was made from.' }),
    name: t.string({ required: true }),
    description: t.string(),
  }),
})

const RotateTrustedBuildSystemTokenInput = builder.inputType('RotateTrustedBuildSystemTokenInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    previousTokenValidUntil: t.field({
      type: 'DateTime',
      description: 'Until when the token before works beside the new one, at most 30 days. Null: it stops at once.',
    }),
  }),
})

const DisableTrustedBuildSystemInput = builder.inputType('DisableTrustedBuildSystemInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    reason: t.string(),
  }),
})

const EnableTrustedBuildSystemInput = builder.inputType('EnableTrustedBuildSystemInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
  }),
})

const LinkSecretInput = builder.inputType('TrustedBuildSystemLinkSecretInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'What the kind of build system calls it, such as `apiKey`.' }),
    value: t.string({ required: true, description: 'It is kept sealed, and never shown again.' }),
  }),
})

const LinkSecretChangeInput = builder.inputType('TrustedBuildSystemLinkSecretChangeInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'What the kind of build system calls it, such as `apiKey`.' }),
    value: t.string({ description: 'In place of the one that is there. Null: none any more.' }),
  }),
})

const settingsDescription = 'An object with what the kind of build system asks for; nothing secret.'

const LinkTrustedBuildSystemInput = builder.inputType('LinkTrustedBuildSystemInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    projectId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    settings: t.field({ type: 'JSON', description: `${settingsDescription} Default: none.` }),
    secrets: t.field({ type: [LinkSecretInput], description: 'Default: none.' }),
  }),
})

const ChangeTrustedBuildSystemLinkInput = builder.inputType('ChangeTrustedBuildSystemLinkInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    projectId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    settings: t.field({
      type: 'JSON',
      description: `${settingsDescription} All of it, as it is to be; left out: as it is.`,
    }),
    secrets: t.field({
      type: [LinkSecretChangeInput],
      description: 'Those that are to be others, or none any more. One that is not named stays.',
    }),
  }),
})

const UnlinkTrustedBuildSystemInput = builder.inputType('UnlinkTrustedBuildSystemInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: idDescription }),
    projectId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
  }),
})

builder.mutationFields((t) => ({
  createTrustedBuildSystem: t.field({
    type: TokenPayloadRef,
    description: 'Creates a trusted build system, with a token that the answer shows this once.',
    args: { input: t.arg({ type: CreateTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input: { slug, name, description = null, kind } }, context) =>
      onceProjected(
        context,
        changed(context.application.createTrustedBuildSystem(context.caller, { slug, name, description, kind })),
      ),
  }),
  updateTrustedBuildSystem: t.field({
    type: TrustedBuildSystemPayloadRef,
    description: 'Gives a trusted build system another name and description.',
    args: { input: t.arg({ type: UpdateTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision, name, description = null } = input
      const update = { trustedBuildSystemId: idIn(input), basedOnRevision, name, description }
      return onceProjected(context, changed(context.application.updateTrustedBuildSystem(context.caller, update)))
    },
  }),
  rotateTrustedBuildSystemToken: t.field({
    type: TokenPayloadRef,
    description: 'Gives a trusted build system a new token, which the answer shows this once.',
    args: { input: t.arg({ type: RotateTrustedBuildSystemTokenInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision = null, previousTokenValidUntil = null } = input
      const rotation = { trustedBuildSystemId: idIn(input), basedOnRevision, previousTokenValidUntil }
      return onceProjected(
        context,
        changed(context.application.rotateTrustedBuildSystemToken(context.caller, rotation)),
      )
    },
  }),
  disableTrustedBuildSystem: t.field({
    type: TrustedBuildSystemPayloadRef,
    description:
      'Disables a trusted build system: its tokens are refused at once, and nothing is signed that it vouched for where a policy demands it.',
    args: { input: t.arg({ type: DisableTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision = null, reason = null } = input
      const disabling = { trustedBuildSystemId: idIn(input), basedOnRevision, reason }
      return onceProjected(context, changed(context.application.disableTrustedBuildSystem(context.caller, disabling)))
    },
  }),
  enableTrustedBuildSystem: t.field({
    type: TrustedBuildSystemPayloadRef,
    description: 'Lets a trusted build system vouch again, by the tokens that it has.',
    args: { input: t.arg({ type: EnableTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision = null } = input
      const enabling = { trustedBuildSystemId: idIn(input), basedOnRevision }
      return onceProjected(context, changed(context.application.enableTrustedBuildSystem(context.caller, enabling)))
    },
  }),
  linkTrustedBuildSystem: t.field({
    type: TrustedBuildSystemPayloadRef,
    description:
      'Lets a trusted build system vouch for what is submitted to a project, and says how its builds are asked about.',
    args: { input: t.arg({ type: LinkTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { settings, secrets } = input
      const linking = {
        ...linkIn(input),
        // What is no object is refused with the rest.
        settings: (settings ?? {}) as LinkSettings,
        secrets: secrets ?? [],
      }
      return onceProjected(context, changed(context.application.linkTrustedBuildSystem(context.caller, linking)))
    },
  }),
  changeTrustedBuildSystemLink: t.field({
    type: TrustedBuildSystemPayloadRef,
    description: 'Gives the link of a trusted build system to a project other settings or secrets.',
    args: { input: t.arg({ type: ChangeTrustedBuildSystemLinkInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { settings, secrets } = input
      const update = {
        ...linkIn(input),
        settings: (settings ?? null) as LinkSettings | null,
        secrets: (secrets ?? []).map(({ name, value = null }) => ({ name, value })),
      }
      return onceProjected(context, changed(context.application.changeTrustedBuildSystemLink(context.caller, update)))
    },
  }),
  unlinkTrustedBuildSystem: t.field({
    type: TrustedBuildSystemPayloadRef,
    description: 'Ends that a trusted build system vouches for a project, also for what is under way.',
    args: { input: t.arg({ type: UnlinkTrustedBuildSystemInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, changed(context.application.unlinkTrustedBuildSystem(context.caller, linkIn(input)))),
  }),
}))

function idIn({ trustedBuildSystemId }: { readonly trustedBuildSystemId: string }): TrustedBuildSystemId {
  return parseEntityId<TrustedBuildSystemId>(trustedBuildSystemId, 'TrustedBuildSystem')
}

function linkIn(input: {
  readonly trustedBuildSystemId: string
  readonly projectId: string
  readonly basedOnRevision?: number | null | undefined
}) {
  const projectId = parseEntityId<ProjectId>(input.projectId, 'Project')
  return { trustedBuildSystemId: idIn(input), projectId, basedOnRevision: input.basedOnRevision ?? null }
}

async function changed<Result extends TrustedBuildSystemHandled>(handled: Promise<Result>) {
  const { trustedBuildSystemId: id, ...rest } = await handled
  return { id, ...rest }
}
