import { z } from 'zod'
import { type Application, webHookDeliveryStatuses } from '../../application/index.ts'
import { type WebHookId, webHookEventTypes } from '../../domain/index.ts'
import { decodeCursor, encodeCursor } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { change, idSchema } from './change.ts'

const tag = 'Web hooks'
const parameters = z.object({ webHookId: idSchema<WebHookId>() })
const delivering = z.object({ deliveryId: z.uuid() })

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

/** What web hooks were told: what GraphQL calls by the same names. */
export function webHookDeliveryOperations(application: Application): readonly Operation[] {
  return [
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
