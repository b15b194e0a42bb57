import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import { endingWebHookEventTypes, type ProjectId, type WebHookId, webHookEventTypes } from '../../domain/index.ts'
import type { WebHookView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'
import { webHookDeliveryOperations } from './web-hook-deliveries.ts'

const tag = 'Web hooks'
const parameters = z.object({ webHookId: idSchema<WebHookId>() })
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
      query: {
        projectId: idSchema<ProjectId>().optional().meta({ description: "The project's own." }),
        wholeOrganization: z.boolean().optional().meta({ description: 'Those alone that are told of all projects.' }),
      },
      read: ({ organizationId }, page, { projectId, wholeOrganization }) =>
        readModel.listWebHooks(
          organizationId,
          projectId !== undefined ? { projectId } : wholeOrganization === true ? { projectId: null } : {},
          page,
        ),
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
        previousSecretValidUntil: momentSchema
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
    ...webHookDeliveryOperations(application),
  ]
}

function shown(view: WebHookView): z.input<typeof hookSchema> {
  const { webHookId, projectId, name, url, status, disabled, hasAuthorization, revision, createdAt, updatedAt } = view
  const secrets = view.secrets.map(({ secretId, madeAt, validUntil }) => ({ secretId, madeAt, validUntil }))
  const facts = { webHookId, projectId, name, url, eventTypes: [...view.eventTypes], status, disabled }
  return { ...facts, hasAuthorization, secrets, revision, createdAt, updatedAt }
}
