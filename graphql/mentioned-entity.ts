import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { nameOf } from './person.ts'
import { CertificateRef, GroupRef, ProjectRef, TrustedBuildSystemRef, UserRef } from './refs.ts'

/** Something that is named by its id, and what people call it. */
export type MentionedEntity = { readonly entityId: string; readonly kind: string; readonly name: string }

/** So many are looked up, at most. */
const mostMentioned = 200

/** Something that is named by its id. */
export const MentionedEntityRef = builder.objectRef<MentionedEntity>('MentionedEntity').implement({
  description: 'Somebody or something that is named by its id, and what people call it.',
  fields: (t) => ({
    entityId: t.exposeID('entityId', { description: 'UUID.' }),
    kind: t.exposeString('kind', { description: '`user`, `group`, `certificate`, `project` or `trustedBuildSystem`.' }),
    name: t.exposeString('name'),
  }),
})

/** The users, groups, certificates, projects and trusted build systems whose ids stand somewhere in a JSON value. Other ids are left out. */
export async function mentionedIn(value: unknown, context: GraphQLContext): Promise<MentionedEntity[]> {
  const ids = [...new Set(JSON.stringify(value).match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g))]
  const found = await Promise.all(ids.slice(0, mostMentioned).map((id) => mentioned(id, context)))
  return found.filter((entity) => entity !== undefined)
}

async function mentioned(entityId: string, context: GraphQLContext): Promise<MentionedEntity | undefined> {
  const [user, group, certificate, project, system] = await Promise.all([
    UserRef.getDataloader(context).load(entityId),
    GroupRef.getDataloader(context).load(entityId),
    CertificateRef.getDataloader(context).load(entityId),
    ProjectRef.getDataloader(context).load(entityId),
    TrustedBuildSystemRef.getDataloader(context).load(entityId),
  ])
  if (user !== null) return { entityId, kind: 'user', name: await nameOf(user, context) }
  if (group !== null) return { entityId, kind: 'group', name: group.name }
  if (certificate !== null) return { entityId, kind: 'certificate', name: certificate.name }
  if (project !== null) return { entityId, kind: 'project', name: project.name }
  return system === null ? undefined : { entityId, kind: 'trustedBuildSystem', name: system.name }
}
