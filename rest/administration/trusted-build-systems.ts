import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import { type ProjectId, type TrustedBuildSystemId, trustedBuildSystemKinds } from '../../domain/index.ts'
import type { TrustedBuildSystemView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Trusted build systems'
const parameters = z.object({ trustedBuildSystemId: idSchema<TrustedBuildSystemId>() })
const linking = z.object({
  trustedBuildSystemId: idSchema<TrustedBuildSystemId>(),
  projectId: idSchema<ProjectId>(),
})
const shape = { trustedBuildSystemId: z.uuid() }
const issuedShape = {
  ...shape,
  tokenId: z.uuid(),
  token: z.string().meta({ description: 'Shown this once.' }),
}
const settings = { name: z.string(), description: z.string().nullable().default(null) }

const linkSettings = z.record(z.string(), z.unknown())
const secretName = z.string().meta({ description: 'What the kind of build system calls it, such as apiKey.' })
const secretValue = z.string().meta({ writeOnly: true })

const systemSchema = z.object({
  trustedBuildSystemId: z.uuid(),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  kind: z.enum(trustedBuildSystemKinds),
  status: z.enum(['enabled', 'disabled']),
  projects: z.array(z.uuid()),
  links: z.array(
    z.object({
      projectId: z.uuid(),
      settings: linkSettings.meta({ description: 'As they were given; what is left out has its default.' }),
      secrets: z
        .array(z.object({ name: z.string(), setAt: z.string() }))
        .meta({ description: 'That they are there. Values are shown to nobody.' }),
    }),
  ),
  tokens: z.array(
    z.object({
      tokenId: z.uuid(),
      prefix: z.string(),
      status: z.enum(['current', 'replaced', 'ended']),
      issuedAt: z.string(),
      validUntil: z.string().nullable(),
    }),
  ),
  proxyKeys: z
    .array(
      z.object({
        keyId: z.string().meta({ description: 'SHA-256 of the key (DER), hexadecimal.' }),
        publicKey: z.string().meta({ description: 'Ed25519, DER SubjectPublicKeyInfo, base64.' }),
        status: z.enum(['registered', 'removed']),
        registeredAt: z.string(),
      }),
    )
    .meta({ description: 'Of its authentication proxies. From the first one on every call must come by a proxy.' }),
  ...recordedShape,
})

/** Trusted build systems: what GraphQL calls by the same names. */
export function trustedBuildSystemOperations(
  reading: Reading & { readonly application: Application },
): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: systemSchema, show: shown } as const
  const path = '/TrustedBuildSystems/{trustedBuildSystemId}'
  return [
    list(reading, {
      ...read,
      operationId: 'trustedBuildSystems',
      path: '/TrustedBuildSystems',
      summary: 'List trusted build systems, by slug',
      read: ({ organizationId }, page) => readModel.listTrustedBuildSystems(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'trustedBuildSystem',
      path,
      summary: 'Read a trusted build system',
      parameters,
      missing: ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'trusted build system'],
      find: async ({ organizationId }, { trustedBuildSystemId }) =>
        (await readModel.trustedBuildSystemsByIds(organizationId, [trustedBuildSystemId]))[0],
    }),
    change({
      useCase: 'createTrustedBuildSystem',
      method: 'POST',
      path: '/TrustedBuildSystems',
      tag,
      summary: 'Create a trusted build system with its first token',
      body: z.object({ slug: z.string(), kind: z.enum(trustedBuildSystemKinds), ...settings }),
      shape: issuedShape,
      creates: true,
      run: (caller, input) => application.createTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'updateTrustedBuildSystem',
      method: 'PUT',
      path,
      tag,
      summary: 'Give a trusted build system another name and description',
      parameters,
      body: z.object({ ...basedOnRequired, ...settings }),
      shape,
      run: (caller, input) => application.updateTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'rotateTrustedBuildSystemToken',
      method: 'POST',
      path: `${path}/RotateToken`,
      tag,
      summary: 'Give a trusted build system a new token',
      parameters,
      body: z.object({
        ...basedOn,
        previousTokenValidUntil: momentSchema
          .nullable()
          .default(null)
          .meta({ description: 'Until when the one before works beside it; null: not at all.' }),
      }),
      shape: issuedShape,
      run: (caller, input) => application.rotateTrustedBuildSystemToken(caller, input),
    }),
    change({
      useCase: 'disableTrustedBuildSystem',
      method: 'POST',
      path: `${path}/Disable`,
      tag,
      summary: 'Disable a trusted build system: it vouches for nothing from now on',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.disableTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'enableTrustedBuildSystem',
      method: 'POST',
      path: `${path}/Enable`,
      tag,
      summary: 'Let a trusted build system vouch again',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.enableTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'linkTrustedBuildSystem',
      method: 'PUT',
      path: `${path}/Projects/{projectId}`,
      tag,
      summary: 'Link a trusted build system to a project',
      parameters: linking,
      body: z.object({
        ...basedOn,
        settings: linkSettings
          .default({})
          .meta({ description: 'What the kind of build system asks for; nothing secret.' }),
        secrets: z
          .array(z.object({ name: secretName, value: secretValue }))
          .default([])
          .meta({ description: 'What else it asks for. Values are kept sealed, and never shown again.' }),
      }),
      shape,
      run: (caller, input) => application.linkTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'changeTrustedBuildSystemLink',
      method: 'PATCH',
      path: `${path}/Projects/{projectId}`,
      tag,
      summary: 'Give the link of a trusted build system to a project other settings or secrets',
      parameters: linking,
      body: z.object({
        ...basedOn,
        settings: linkSettings
          .nullable()
          .default(null)
          .meta({ description: 'All of them, as they are to be; null: as they are.' }),
        secrets: z
          .array(z.object({ name: secretName, value: secretValue.nullable() }))
          .default([])
          .meta({
            description: 'Those that are to be others, or none any more (null). One that is not named stays.',
          }),
      }),
      shape,
      run: (caller, input) => application.changeTrustedBuildSystemLink(caller, input),
    }),
    change({
      useCase: 'unlinkTrustedBuildSystem',
      method: 'DELETE',
      path: `${path}/Projects/{projectId}`,
      tag,
      summary: 'End the link of a trusted build system to a project',
      parameters: linking,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.unlinkTrustedBuildSystem(caller, input),
    }),
    change({
      useCase: 'registerProxyKey',
      method: 'POST',
      path: `${path}/ProxyKeys`,
      tag,
      summary: 'Register the key of an authentication proxy',
      parameters,
      body: z.object({
        ...basedOn,
        publicKey: z.string().meta({ description: 'Ed25519: its DER in base64, or PEM.' }),
      }),
      shape: { ...shape, keyId: z.string() },
      creates: true,
      run: (caller, input) => application.registerProxyKey(caller, input),
    }),
    change({
      useCase: 'removeProxyKey',
      method: 'DELETE',
      path: `${path}/ProxyKeys/{keyId}`,
      tag,
      summary: 'Remove the key of an authentication proxy: what it signs is refused at once',
      parameters: parameters.extend({ keyId: z.string().regex(/^[0-9a-f]{64}$/) }),
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.removeProxyKey(caller, input),
    }),
  ]
}

function shown(view: TrustedBuildSystemView): z.input<typeof systemSchema> {
  const { trustedBuildSystemId, slug, name, description, kind, status, revision, createdAt, updatedAt } = view
  const tokens = view.tokens.map(({ tokenId, prefix, status: state, issuedAt, validUntil }) => ({
    tokenId,
    prefix,
    status: state,
    issuedAt,
    validUntil,
  }))
  const facts = { trustedBuildSystemId, slug, name, description, kind, status }
  const links = view.links.map(({ projectId, settings: said, secrets }) => ({
    projectId,
    settings: said,
    secrets: secrets.map(({ name: secret, setAt }) => ({ name: secret, setAt })),
  }))
  const proxyKeys = view.proxyKeys.map(({ keyId, publicKey, status: state, registeredAt }) => ({
    keyId,
    publicKey,
    status: state,
    registeredAt,
  }))
  return { ...facts, projects: [...view.projects], links, tokens, proxyKeys, revision, createdAt, updatedAt }
}
