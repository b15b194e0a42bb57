import type { ProjectId, TrustedBuildSystemId } from '../domain/index.ts'
import type {
  ProxyKeyView,
  TrustedBuildSystemLinkView,
  TrustedBuildSystemTokenView,
  TrustedBuildSystemView,
} from '../projections/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { pageOfIds } from './page-of-ids.ts'
import { ProjectRef, TrustedBuildSystemRef } from './refs.ts'
import {
  ProxyKeyStatusRef,
  TrustedBuildSystemKindRef,
  TrustedBuildSystemStatusRef,
  TrustedBuildSystemTokenStatusRef,
} from './trusted-build-system-enums.ts'

const TokenRef = builder.objectRef<TrustedBuildSystemTokenView>('TrustedBuildSystemToken').implement({
  description: 'A token of a trusted build system. The token itself is shown only to whoever makes it.',
  fields: (t) => ({
    tokenId: t.exposeID('tokenId', { description: 'UUID.' }),
    prefix: t.exposeString('prefix', { description: 'The first characters of its secret part.' }),
    status: t.expose('status', { type: TrustedBuildSystemTokenStatusRef }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime' }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when a replaced one works.',
    }),
  }),
})

const ProxyKeyRef = builder.objectRef<ProxyKeyView>('ProxyKey').implement({
  description: 'A public key by which an authentication proxy signs what it says of build nodes.',
  fields: (t) => ({
    keyId: t.exposeString('keyId', { description: 'SHA-256 of the key (DER), hexadecimal.' }),
    publicKey: t.exposeString('publicKey', { description: 'Ed25519, DER SubjectPublicKeyInfo, base64.' }),
    status: t.expose('status', { type: ProxyKeyStatusRef }),
    registeredAt: t.expose('registeredAt', { type: 'DateTime' }),
  }),
})

const LinkSecretRef = builder
  .objectRef<TrustedBuildSystemLinkView['secrets'][number]>('TrustedBuildSystemLinkSecret')
  .implement({
    description: 'That a secret is there. Its value is kept sealed, and shown to nobody.',
    fields: (t) => ({
      name: t.exposeString('name', { description: 'What the kind of build system calls it, such as `apiKey`.' }),
      setAt: t.expose('setAt', { type: 'DateTime' }),
    }),
  })

/** A link, and whose it is. */
type Link = TrustedBuildSystemLinkView & { readonly trustedBuildSystemId: TrustedBuildSystemId }

const LinkRef = builder.objectRef<Link>('TrustedBuildSystemLink').implement({
  description: 'What a trusted build system is for one project.',
  fields: (t) => ({
    trustedBuildSystemId: t.exposeID('trustedBuildSystemId', { description: 'UUID.' }),
    trustedBuildSystem: t.field({
      type: TrustedBuildSystemRef,
      nullable: true,
      resolve: ({ trustedBuildSystemId }) => trustedBuildSystemId,
    }),
    projectId: t.exposeID('projectId', { description: 'UUID.' }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    settings: t.field({
      type: 'JSON',
      description: 'As they were given; what is left out has its default. Which there are depends on the kind.',
      resolve: ({ settings }) => settings,
    }),
    secrets: t.field({ type: [LinkSecretRef], description: 'By name.', resolve: ({ secrets }) => [...secrets] }),
  }),
})

TrustedBuildSystemRef.implement({
  description: 'What vouches by its token that a call comes from it.',
  interfaces: [EntityRef],
  fields: (t) => ({
    trustedBuildSystemId: t.exposeID('trustedBuildSystemId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name it by.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    kind: t.expose('kind', { type: TrustedBuildSystemKindRef }),
    status: t.expose('status', { type: TrustedBuildSystemStatusRef }),
    tokens: t.field({ type: [TokenRef], description: 'The oldest first.', resolve: ({ tokens }) => [...tokens] }),
    proxyKeys: t.field({
      type: [ProxyKeyRef],
      description:
        'Of its authentication proxies. From the first one on every call with a token of the build system must come by a proxy whose key is registered.',
      resolve: ({ proxyKeys }) => [...proxyKeys],
    }),
    projectCount: t.int({ resolve: ({ projects }) => projects.length }),
    projects: t.connection({
      type: ProjectRef,
      description: 'Those that it is linked to, by id.',
      resolve: ({ projects }, args) => asConnection(pageOfIds(projects, parsePageRequest(args))),
    }),
    links: t.connection(
      {
        type: LinkRef,
        description: 'Those to projects, by the id of the project, with settings and secrets.',
        resolve: (system, args) => {
          const page = pageOfIds(system.projects, parsePageRequest(args))
          const items = page.items.flatMap(({ cursor, item }) =>
            linksTo(system, item).map((link) => ({ cursor, item: link })),
          )
          return asConnection({ ...page, items })
        },
      },
      { name: 'TrustedBuildSystemLinkConnection' },
    ),
  }),
})

builder.objectField(ProjectRef, 'trustedBuildSystems', (t) =>
  t.loadableList({
    type: TrustedBuildSystemRef,
    description: 'Those that are linked to it, by id.',
    load: async (projectIds: ProjectId[], { readModel, caller }): Promise<TrustedBuildSystemView[][]> => {
      const lists = await readModel.trustedBuildSystemsOfProjects(caller.organizationId, projectIds, 'linked')
      return lists.map((list) => [...list])
    },
    resolve: ({ projectId }) => projectId,
  }),
)

builder.objectField(ProjectRef, 'trustedBuildSystemLinks', (t) =>
  t.loadableList({
    type: LinkRef,
    description: 'How builds of each of them are asked about, by the id of the trusted build system.',
    load: async (projectIds: ProjectId[], { readModel, caller }): Promise<Link[][]> => {
      const lists = await readModel.trustedBuildSystemsOfProjects(caller.organizationId, projectIds, 'linked')
      return lists.map((systems, index) => systems.flatMap((system) => linksTo(system, projectIds[index])))
    },
    resolve: ({ projectId }) => projectId,
  }),
)

function linksTo({ links, trustedBuildSystemId }: TrustedBuildSystemView, projectId: ProjectId | undefined): Link[] {
  return links.filter((link) => link.projectId === projectId).map((link) => ({ ...link, trustedBuildSystemId }))
}
