import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import type { GroupId, UserId } from '../../domain/index.ts'
import type { GroupView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema } from './change.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Groups'
const parameters = z.object({ groupId: idSchema<GroupId>() })
const shape = { groupId: z.uuid() }
const users = z.array(idSchema<UserId>())
const description = z.string().nullable().default(null)

const groupSchema = z.object({
  groupId: z.uuid(),
  name: z.string(),
  description: z.string().nullable(),
  members: z.array(z.uuid()),
  ...recordedShape,
})

/** Groups of users: what GraphQL calls by the same names. */
export function groupOperations(reading: Reading & { readonly application: Application }): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: groupSchema, show: shown } as const
  return [
    list(reading, {
      ...read,
      operationId: 'groups',
      path: '/Groups',
      summary: 'List groups, by name',
      read: ({ organizationId }, page) => readModel.listGroups(organizationId, page),
    }),
    one(reading, {
      ...read,
      operationId: 'group',
      path: '/Groups/{groupId}',
      summary: 'Read a group',
      parameters,
      missing: ['GROUP_NOT_FOUND', 'group'],
      find: async ({ organizationId }, { groupId }) => (await readModel.groupsByIds(organizationId, [groupId]))[0],
    }),
    change({
      useCase: 'createGroup',
      method: 'POST',
      path: '/Groups',
      tag,
      summary: 'Create a group',
      body: z.object({ name: z.string(), description, members: users.default([]) }),
      shape,
      creates: true,
      run: (caller, input) => application.createGroup(caller, input),
    }),
    change({
      useCase: 'describeGroup',
      method: 'PUT',
      path: '/Groups/{groupId}',
      tag,
      summary: 'Give a group another name and description',
      parameters,
      body: z.object({ ...basedOnRequired, name: z.string(), description }),
      shape,
      run: (caller, input) => application.describeGroup(caller, input),
    }),
    change({
      useCase: 'changeGroupMembers',
      method: 'POST',
      path: '/Groups/{groupId}/Members',
      tag,
      summary: 'Let users join and leave a group',
      parameters,
      body: z.object({ ...basedOn, add: users.default([]), remove: users.default([]) }),
      shape,
      run: (caller, input) => application.changeGroupMembers(caller, input),
    }),
  ]
}

function shown(view: GroupView): z.input<typeof groupSchema> {
  const { groupId, name, description: text, members, revision, createdAt, updatedAt } = view
  return { groupId, name, description: text, members: [...members], revision, createdAt, updatedAt }
}
