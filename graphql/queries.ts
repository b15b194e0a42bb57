import { requestIdOfKey } from '../application/index.ts'
import { type ProjectId, parseSlug, Refusal } from '../domain/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { asOf, listAsOf } from './as-of.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { entityArguments } from './entity-arguments.ts'
import { parseEntityId } from './global-id.ts'
import { listOfProject } from './list-of-project.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import {
  CertificateRef,
  GroupRef,
  KeyRef,
  OrganizationRef,
  ProjectRef,
  SigningPolicyRef,
  SigningRequestRef,
  UserRef,
} from './refs.ts'
import { SigningRequestFilterRef, signingRequestFilterOf } from './signing-request-filter.ts'
import { requestPage } from './signing-request-list.ts'
import { ViewerRef } from './viewer.ts'

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerRef,
    description: 'Who is asking.',
    args: { minimumPosition: minimumPosition(t) },
    resolve: (_root, _args, { caller }) => caller,
  }),
  organization: t.field({
    type: OrganizationRef,
    nullable: true,
    complexity: foldingCost,
    args: { asOf: asOf(t), minimumPosition: minimumPosition(t) },
    resolve: (_root, _args, { caller }) => caller.organizationId,
  }),
  project: t.field({
    type: ProjectRef,
    nullable: true,
    description: 'By `id` (UUID or node id) or `slug`: give one of them.',
    complexity: foldingCost,
    args: { id: t.arg.id(), slug: t.arg.string(), asOf: asOf(t), minimumPosition: minimumPosition(t) },
    resolve: async (_root, { id, slug }, { readModel, caller }) => {
      if ((id == null) === (slug == null))
        throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name the project by id or by slug, one of them.')
      if (id != null) return parseEntityId<ProjectId>(id, 'Project')
      const project = await readModel.projectBySlug(caller.organizationId, parseSlug(slug ?? '', "The project's slug"))
      return project ?? null
    },
  }),
  projects: t.connection(
    {
      type: ProjectRef,
      description: 'By slug.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listProjects(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'ProjectConnection' },
  ),
  signingPolicy: t.field({
    type: SigningPolicyRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'SigningPolicy'),
  }),
  signingPolicies: t.connection(
    {
      type: SigningPolicyRef,
      description: 'By slug.',
      args: {
        project: t.arg.string({ description: 'Only of this project: UUID, node id or slug.' }),
        asOf: listAsOf(t),
        minimumPosition: minimumPosition(t),
      },
      resolve: (_root, args, context) =>
        listOfProject(args, context, (filter, page) =>
          context.readModel.listSigningPolicies(context.caller.organizationId, filter, page),
        ),
    },
    { name: 'SigningPolicyConnection' },
  ),
  key: t.field({
    type: KeyRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'Key'),
  }),
  keys: t.connection(
    {
      type: KeyRef,
      description: 'Newest first.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listKeys(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'KeyConnection' },
  ),
  certificate: t.field({
    type: CertificateRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'Certificate'),
  }),
  certificates: t.connection(
    {
      type: CertificateRef,
      description: 'Newest first.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listCertificates(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'CertificateConnection' },
  ),
  user: t.field({
    type: UserRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'User'),
  }),
  users: t.connection(
    {
      type: UserRef,
      description: 'In the order in which they were created.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listUsers(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'UserConnection' },
  ),
  group: t.field({
    type: GroupRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId(id, 'Group'),
  }),
  groups: t.connection(
    {
      type: GroupRef,
      description: 'By name.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listGroups(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'GroupConnection' },
  ),
  signingRequest: t.field({
    type: SigningRequestRef,
    nullable: true,
    description: 'By `id`, or by the `idempotencyKey` of your own submission: give one of them.',
    complexity: foldingCost,
    args: {
      id: t.arg.id({ description: 'UUID or node id.' }),
      idempotencyKey: t.arg.string({ description: 'The key by which you submitted it yourself.' }),
      asOf: asOf(t),
      minimumPosition: minimumPosition(t),
    },
    resolve: (_root, { id, idempotencyKey }, { caller }) => {
      if (id != null && idempotencyKey == null) return parseEntityId(id, 'SigningRequest')
      if (id == null && idempotencyKey != null) return requestIdOfKey(caller, idempotencyKey)
      throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name the signing request by id or by idempotency key, one of them.')
    },
  }),
  signingRequests: t.connection(
    {
      type: SigningRequestRef,
      description: 'Newest first.',
      args: {
        filter: t.arg({ type: SigningRequestFilterRef }),
        asOf: listAsOf(t),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { filter, ...args }, context, info) => {
        const page = parsePageRequest(args)
        const wanted = await signingRequestFilterOf(filter, context)
        return asConnection(await requestPage(wanted, page, context, info))
      },
    },
    { name: 'SigningRequestConnection' },
  ),
}))
