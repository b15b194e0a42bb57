import { z } from 'zod'
import { type Application, webHookDeliveryStatuses } from '../../application/index.ts'
import { endingWebHookEventTypes, type ProjectId, type WebHookId, webHookEventTypes } from '../../domain/index.ts'
import { decodeCursor, encodeCursor, type WebHookView } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Web hooks'
const parameters = z.object({ webHookId: idSchema<WebHookId>() })
const delivering = z.object({ deliveryId: z.uuid() })
const shape = { webHookId: z.uuid() }
const issuedShape = { ...shape, secret: z.string().meta({ description: 'What signs its messages. Shown this once.' }) }
const eventTypes = z.array(z.enum(webHookEventTypes))
const authorization = z.string().nullable().meta({ description: 'The Authorization header, sent as it is given.' })
const secret = z
  .string()
  .nullable()
  .default(null)
  .meta({ description: 'whsec_ and 24 to 64 random bytes in base64; null: one is made.' })

const hookSchema = z.object({
  webHookId: z.uuid(),
  projectId: z.uuid().nullable().meta({ description: 'Whose requests it is told of; null: those of all projects.' }),
  name: z.string(),
  url: z.string(),
  eventTypes,
  status: z.enum(['enabled', 'disabled', 'deleted']),
  disabled: z.object({ cause: z.enum(['asked', 'gone']), reason: z.string().nullable() }).nullable(),
  hasAuthorization: z.boolean(),
  secrets: z.array(z.object({ secretId: z.uuid(), madeAt: z.string(), validUntil: z.string().nullable() })),
  ...recordedShape,
})

const deliverySchema = z.object({
  deliveryId: z.uuid().meta({ description: 'Receivers see it as webhook-id.' }),
  webHookId: z.uuid(),
  signingRequestId: z.uuid(),
  eventType: z.enum(webHookEventTypes),
  status: z.enum(webHookDeliveryStatuses),
  body: z.string().meta({ description: 'What is sent, to the letter.' }),
  createdAt: z.string(),
  nextAttemptAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  attemptCount: z.int(),
})

const attemptSchema = z.object({
  at: z.string(),
  durationMs: z.int(),
  round: z.int().meta({ description: 'How often somebody had the message sent again before.' }),
  url: z.string(),
  status: z.int().nullable(),
  answer: z.string().nullable().meta({ description: 'Its first 4 KB.' }),
  failure: z.string().nullable(),
  message: z.string().nullable(),
})

/** Web hooks: what GraphQL calls by the same names. */
export function webHookOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: hookSchema, show: shown } as const
  const path = '/WebHooks/{webHookId}'
  return [
    list(reading, {
      ...read,
      operationId: 'webHooks',
      path: '/WebHooks',
      summary: 'List web hooks, newest first',
      query: { projectId: idSchema<ProjectId>().optional() },
      read: ({ organizationId }, page, { projectId }) =>
        readModel.listWebHooks(organizationId, projectId === undefined ? {} : { projectId }, page),
    }),
    one(reading, {
      ...read,
      operationId: 'webHook',
      path,
      summary: 'Read a web hook',
      parameters,
      missing: ['WEB_HOOK_NOT_FOUND', 'web hook'],
      find: async ({ organizationId }, { webHookId }) =>
        (await readModel.webHooksByIds(organizationId, [webHookId]))[0],
    }),
    change({
      useCase: 'createWebHook',
      method: 'POST',
      path: '/WebHooks',
      tag,
      summary: 'Have an address told of signing requests',
      body: z.object({
        projectId: idSchema<ProjectId>().nullable().default(null),
        name: z.string(),
        url: z.string(),
        eventTypes: eventTypes.default([...endingWebHookEventTypes]),
        authorization: authorization.default(null),
        secret,
      }),
      shape: issuedShape,
      creates: true,
      run: (caller, input) => application.createWebHook(caller, input),
    }),
    change({
      useCase: 'updateWebHook',
      method: 'PUT',
      path,
      tag,
      summary: 'Give a web hook other settings; an Authorization value that is left out stays',
      parameters,
      body: z.object({
        ...basedOnRequired,
        name: z.string(),
        url: z.string(),
        eventTypes,
        authorization: authorization.optional(),
      }),
      shape,
      run: (caller, input) => application.updateWebHook(caller, input),
    }),
    change({
      useCase: 'rotateWebHookSecret',
      method: 'POST',
      path: `${path}/RotateSecret`,
      tag,
      summary: 'Give a web hook another secret',
      parameters,
      body: z.object({
        ...basedOn,
        previousSecretValidUntil: z.iso
          .datetime()
          .nullable()
          .default(null)
          .meta({ description: 'Until when the one before signs beside it; null: not at all.' }),
        secret,
      }),
      shape: issuedShape,
      run: (caller, input) => application.rotateWebHookSecret(caller, input),
    }),
    change({
      useCase: 'disableWebHook',
      method: 'POST',
      path: `${path}/Disable`,
      tag,
      summary: 'Tell a web hook nothing from now on',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.disableWebHook(caller, input),
    }),
    change({
      useCase: 'enableWebHook',
      method: 'POST',
      path: `${path}/Enable`,
      tag,
      summary: 'Tell a web hook what happens from now on',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.enableWebHook(caller, input),
    }),
    change({
      useCase: 'deleteWebHook',
      method: 'DELETE',
      path,
      tag,
      summary: 'Delete a web hook',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.deleteWebHook(caller, input),
    }),
    change({
      useCase: 'resendWebHookDelivery',
      method: 'POST',
      path: '/WebHookDeliveries/{deliveryId}/Resend',
      tag,
      summary: 'Have a message sent once more, under the same webhook-id',
      parameters: delivering,
      shape: { deliveryId: z.uuid() },
      run: (caller, input) => application.resendWebHookDelivery(caller, input),
    }),
    deliveriesOf(application),
    deliveryOf(application),
  ]
}

function deliveriesOf(application: Application): Operation {
  return operation({
    method: 'GET',
    path: `${organizationPath}/WebHooks/{webHookId}/Deliveries`,
    access: 'readWebHookDeliveries',
    operationId: 'webHookDeliveries',
    tag,
    summary: 'List what a web hook was told, newest first',
    parameters,
    query: z.object({
      status: z.enum(webHookDeliveryStatuses).optional(),
      first: z.int().min(1).max(100).default(50),
      after: z.string().optional().meta({ description: 'The cursor nextCursor of the page before.' }),
    }),
    answers: {
      200: {
        description: 'A page.',
        schema: z.object({ items: z.array(deliverySchema), nextCursor: z.string().nullable() }),
      },
    },
    async handle({ caller, parameters: { webHookId }, query: { status, first, after } }) {
      const cursor = after === undefined ? undefined : decodeCursor(after)
      const found = await application.webHookDeliveries(caller, {
        webHookId,
        status,
        limit: first + 1,
        after: cursor && { createdAt: cursor.key, id: cursor.id },
      })
      const items = found.slice(0, first).map(({ organizationId: _, ...delivery }) => delivery)
      const last = items.at(-1)
      const nextCursor =
        found.length > first && last !== undefined ? encodeCursor({ key: last.createdAt, id: last.deliveryId }) : null
      return { status: 200, body: { items, nextCursor } }
    },
  })
}

function deliveryOf(application: Application): Operation {
  return operation({
    method: 'GET',
    path: `${organizationPath}/WebHookDeliveries/{deliveryId}`,
    access: 'readWebHookDeliveries',
    operationId: 'webHookDelivery',
    tag,
    summary: 'Read a message to a web hook, with each attempt to deliver it',
    parameters: delivering,
    answers: {
      200: {
        description: 'As it is now.',
        schema: z.object({ ...deliverySchema.shape, attempts: z.array(attemptSchema) }),
      },
    },
    async handle({ caller, parameters: { deliveryId } }) {
      const { organizationId: _, attempts, ...delivery } = await application.webHookDelivery(caller, { deliveryId })
      return { status: 200, body: { ...delivery, attempts: attempts.map((attempt) => ({ ...attempt })) } }
    },
  })
}

function shown(view: WebHookView): z.input<typeof hookSchema> {
  const { webHookId, projectId, name, url, status, disabled, hasAuthorization, revision, createdAt, updatedAt } = view
  const secrets = view.secrets.map(({ secretId, madeAt, validUntil }) => ({ secretId, madeAt, validUntil }))
  const facts = { webHookId, projectId, name, url, eventTypes: [...view.eventTypes], status, disabled }
  return { ...facts, hasAuthorization, secrets, revision, createdAt, updatedAt }
}
