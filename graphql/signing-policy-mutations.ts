import type { SigningPolicyHandled } from '../application/index.ts'
import type { ProjectId, SigningPolicyId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { entityPayload } from './entity-payload.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { SigningPolicyRef } from './refs.ts'
import { SigningPolicySettingsInput, settingsOf } from './signing-policy-settings.ts'

const PayloadRef = entityPayload({ type: 'SigningPolicy', ref: SigningPolicyRef, field: 'signingPolicy' })

const CreateInput = builder.inputType('CreateSigningPolicyInput', {
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'UUID or node id.' }),
    slug: t.string({ required: true, description: 'What tools name the policy by in its project, for good.' }),
    settings: t.field({ type: SigningPolicySettingsInput, required: true }),
  }),
})

const UpdateInput = builder.inputType('UpdateSigningPolicyInput', {
  fields: (t) => ({
    signingPolicyId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ required: true, description: 'The `revision` that the change was made from.' }),
    settings: t.field({ type: SigningPolicySettingsInput, required: true }),
  }),
})

const DeactivateInput = builder.inputType('DeactivateSigningPolicyInput', {
  fields: (t) => ({
    signingPolicyId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
    reason: t.string(),
  }),
})

const ReactivateInput = builder.inputType('ReactivateSigningPolicyInput', {
  fields: (t) => ({
    signingPolicyId: t.id({ required: true, description: 'UUID or node id.' }),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
  }),
})

builder.mutationFields((t) => ({
  createSigningPolicy: t.field({
    type: PayloadRef,
    description: 'Creates a signing policy of a project.',
    args: { input: t.arg({ type: CreateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.createSigningPolicy(context.caller, {
            projectId: parseEntityId<ProjectId>(input.projectId, 'Project'),
            slug: input.slug,
            settings: settingsOf(input.settings),
          }),
        ),
      ),
  }),
  updateSigningPolicy: t.field({
    type: PayloadRef,
    description: 'Gives a signing policy a new version. Requests that were submitted before keep theirs.',
    args: { input: t.arg({ type: UpdateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.updateSigningPolicy(context.caller, {
            signingPolicyId: policyIdIn(input),
            basedOnRevision: input.basedOnRevision,
            settings: settingsOf(input.settings),
          }),
        ),
      ),
  }),
  deactivateSigningPolicy: t.field({
    type: PayloadRef,
    description: 'Puts a signing policy out of use: nothing is signed by it from now on, also what is under way.',
    args: { input: t.arg({ type: DeactivateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.deactivateSigningPolicy(context.caller, {
            signingPolicyId: policyIdIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
            reason: input.reason ?? null,
          }),
        ),
      ),
  }),
  reactivateSigningPolicy: t.field({
    type: PayloadRef,
    description: 'Puts a signing policy into use again, when it still demands what its certificate wants.',
    args: { input: t.arg({ type: ReactivateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        changed(
          context.application.reactivateSigningPolicy(context.caller, {
            signingPolicyId: policyIdIn(input),
            basedOnRevision: input.basedOnRevision ?? null,
          }),
        ),
      ),
  }),
}))

function policyIdIn({ signingPolicyId }: { readonly signingPolicyId: string }): SigningPolicyId {
  return parseEntityId<SigningPolicyId>(signingPolicyId, 'SigningPolicy')
}

async function changed(handled: Promise<SigningPolicyHandled>) {
  const { signingPolicyId: id, ...rest } = await handled
  return { id, ...rest }
}
