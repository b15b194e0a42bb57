import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { WebHookDeliveryResent, WebHookHandled, WebHookSecretIssued } from '../application/index.ts'
import { endingWebHookEventTypes, type ProjectId, type WebHookId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { WebHookRef } from './refs.ts'
import { WebHookEventTypeRef } from './web-hook.ts'

const positionDescription = 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.'

const PayloadRef = builder.objectRef<WebHookHandled>('WebHookPayload').implement({
  description: 'A web hook after a change that is in the log for good.',
  fields: (t) => ({
    position: t.expose('position', { type: 'LogPosition', description: positionDescription }),
    webHookId: t.exposeID('webHookId', { description: 'UUID.' }),
    secret: t.string({
      nullable: true,
      description: 'The secret that was made for it: `whsec_…`. It is shown this once.',
      resolve: (handled) => ('secret' in handled ? (handled as WebHookSecretIssued).secret : null),
    }),
    webHook: t.field({
      type: WebHookRef,
      nullable: true,
      description:
        'As it is now. Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ webHookId, position }, _args, context) => {
        await reached(position, context)
        clearAllDataLoaders(context)
        return webHookId
      },
    }),
  }),
})

const ResentRef = builder.objectRef<WebHookDeliveryResent>('WebHookDeliveryResentPayload').implement({
  description: 'A message that is to be sent once more, as soon as the service comes to it.',
  fields: (t) => ({
    position: t.expose('position', { type: 'LogPosition', description: positionDescription }),
    deliveryId: t.exposeID('deliveryId', { description: 'UUID.' }),
  }),
})

const idDescription = 'UUID or node id.'
const revisionDescription = 'Refused when there is a newer one; left out: whatever there is.'
const secretDescription = '`whsec_` and 24 to 64 random bytes in base64. Left out: one is made.'
const authorizationDescription = 'The value of the Authorization header, sent as it is given.'

const CreateWebHookInput = builder.inputType('CreateWebHookInput', {
  fields: (t) => ({
    projectId: t.id({ description: `${idDescription} Left out: it is told of all projects. For good.` }),
    name: t.string({ required: true }),
    url: t.string({ required: true, description: 'Everybody of the organization can read it: no secrets in it.' }),
    eventTypes: t.field({
      type: [WebHookEventTypeRef],
      description: 'Left out: the ways in which requests end (completed, failed, denied, canceled).',
    }),
    authorization: t.string({ description: authorizationDescription }),
    secret: t.string({ description: secretDescription }),
  }),
})

const UpdateWebHookInput = builder.inputType('UpdateWebHookInput', {
  description:
    'The settings as they are to be, but for `authorization`: left out, it stays; null, there is none any more.',
  fields: (t) => ({
    webHookId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ required: true, description: 'The `revision` that the change was made from.' }),
    name: t.string({ required: true }),
    url: t.string({ required: true }),
    eventTypes: t.field({ type: [WebHookEventTypeRef], required: true }),
    authorization: t.string({ description: authorizationDescription }),
  }),
})

const RotateWebHookSecretInput = builder.inputType('RotateWebHookSecretInput', {
  fields: (t) => ({
    webHookId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    previousSecretValidUntil: t.field({
      type: 'DateTime',
      description: 'Until when messages are signed with the one before, too, at most 30 days. Null: not at all.',
    }),
    secret: t.string({ description: secretDescription }),
  }),
})

const DisableWebHookInput = builder.inputType('DisableWebHookInput', {
  fields: (t) => ({
    webHookId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
    reason: t.string(),
  }),
})

const WebHookInput = builder.inputType('WebHookInput', {
  fields: (t) => ({
    webHookId: t.id({ required: true, description: idDescription }),
    basedOnRevision: t.int({ description: revisionDescription }),
  }),
})

const ResendWebHookDeliveryInput = builder.inputType('ResendWebHookDeliveryInput', {
  fields: (t) => ({ deliveryId: t.id({ required: true, description: 'UUID.' }) }),
})

builder.mutationFields((t) => ({
  createWebHook: t.field({
    type: PayloadRef,
    description:
      'Has an address told of signing requests. The answer shows the secret that signs its messages, this once.',
    args: { input: t.arg({ type: CreateWebHookInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { projectId, name, url, eventTypes, authorization = null, secret = null } = input
      const creation = {
        projectId: projectId == null ? null : parseEntityId<ProjectId>(projectId, 'Project'),
        name,
        url,
        eventTypes: eventTypes ?? endingWebHookEventTypes,
        authorization,
        secret,
      }
      return onceProjected(context, context.application.createWebHook(context.caller, creation))
    },
  }),
  updateWebHook: t.field({
    type: PayloadRef,
    description: 'Gives a web hook other settings.',
    args: { input: t.arg({ type: UpdateWebHookInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision, name, url, eventTypes, authorization } = input
      const update = { ...idIn(input), basedOnRevision, name, url, eventTypes, authorization }
      return onceProjected(context, context.application.updateWebHook(context.caller, update))
    },
  }),
  rotateWebHookSecret: t.field({
    type: PayloadRef,
    description: 'Gives a web hook another secret, which the answer shows this once.',
    args: { input: t.arg({ type: RotateWebHookSecretInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision = null, previousSecretValidUntil = null, secret = null } = input
      const rotation = { ...idIn(input), basedOnRevision, previousSecretValidUntil, secret }
      return onceProjected(context, context.application.rotateWebHookSecret(context.caller, rotation))
    },
  }),
  disableWebHook: t.field({
    type: PayloadRef,
    description:
      'Turns a web hook off: it is told nothing of what happens meanwhile, and what was not delivered is canceled.',
    args: { input: t.arg({ type: DisableWebHookInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { basedOnRevision = null, reason = null } = input
      const disabling = { ...idIn(input), basedOnRevision, reason }
      return onceProjected(context, context.application.disableWebHook(context.caller, disabling))
    },
  }),
  enableWebHook: t.field({
    type: PayloadRef,
    description: 'Turns a web hook on: it is told what happens from now on.',
    args: { input: t.arg({ type: WebHookInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, context.application.enableWebHook(context.caller, referenceIn(input))),
  }),
  deleteWebHook: t.field({
    type: PayloadRef,
    description: 'Deletes a web hook with what is secret about it. Its history stays.',
    args: { input: t.arg({ type: WebHookInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, context.application.deleteWebHook(context.caller, referenceIn(input))),
  }),
  resendWebHookDelivery: t.field({
    type: ResentRef,
    description: 'Has a message sent once more that was delivered, abandoned or canceled, under the same `webhook-id`.',
    args: { input: t.arg({ type: ResendWebHookDeliveryInput, required: true }) },
    resolve: (_root, { input: { deliveryId } }, context) =>
      context.application.resendWebHookDelivery(context.caller, { deliveryId }),
  }),
}))

type Named = { readonly webHookId: string; readonly basedOnRevision?: number | null | undefined }

function idIn({ webHookId }: Named) {
  return { webHookId: parseEntityId<WebHookId>(webHookId, 'WebHook') }
}

function referenceIn(input: Named) {
  return { ...idIn(input), basedOnRevision: input.basedOnRevision ?? null }
}
