import { z } from 'zod'
import { type ProjectId, Refusal, type SigningPolicyId } from '../../domain/index.ts'
import {
  numberedPage,
  type PageRequest,
  type ProjectVersion,
  type SigningPolicyVersion,
  type VersionMade,
} from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { idSchema } from './change.ts'
import { projectSettings, showProjectSettings } from './projects.ts'
import { list, type Reading } from './read.ts'
import { shownSettings, showSettings } from './signing-policies.ts'

const permission = 'readOrganization'

/** What every version says besides what it is of. */
export const madeShape = {
  version: z.int().meta({ description: 'From 1.' }),
  madeAt: z.string(),
  madeBy: z.record(z.string(), z.unknown()).meta({ description: 'Who, as events say it.' }),
}

/** What lists of versions are asked with. */
export const versionsQuery = {
  asOf: momentSchema.optional().meta({ description: 'Those that had been made at this moment; all when left out.' }),
}

/** `…/Projects/{id}/Versions` and `…/SigningPolicies/{id}/Versions`: what GraphQL has as `versions` of the two. */
export function versionOperations(reading: Reading): readonly Operation[] {
  const { readModel } = reading
  return [
    list(reading, {
      operationId: 'projectVersions',
      path: '/Projects/{projectId}/Versions',
      tag: 'Projects',
      summary: 'List the versions of the settings of a project, oldest first',
      permission,
      parameters: z.object({ projectId: idSchema<ProjectId>() }),
      query: versionsQuery,
      schema: z.object({ ...madeShape, settings: z.object(projectSettings) }),
      show: (view: ProjectVersion) => ({ ...makingOf(view), settings: showProjectSettings(view.settings) }),
      async read({ organizationId }, page, { asOf }, { projectId }) {
        const [project] = await readModel.projectsByIds(organizationId, [projectId])
        if (project === undefined) throw new Refusal('PROJECT_NOT_FOUND', 'There is no project of this id.')
        return pageOfVersions(project.versions, { list: `project-${projectId}`, asOf, page })
      },
    }),
    list(reading, {
      operationId: 'signingPolicyVersions',
      path: '/SigningPolicies/{signingPolicyId}/Versions',
      tag: 'Signing policies',
      summary: 'List the versions of a signing policy, oldest first',
      permission,
      parameters: z.object({ signingPolicyId: idSchema<SigningPolicyId>() }),
      query: versionsQuery,
      schema: z.object({ ...madeShape, settings: shownSettings }),
      show: (view: SigningPolicyVersion) => ({ ...makingOf(view), settings: showSettings(view.settings) }),
      async read({ organizationId }, page, { asOf }, { signingPolicyId }) {
        const [policy] = await readModel.signingPoliciesByIds(organizationId, [signingPolicyId])
        if (policy === undefined)
          throw new Refusal('SIGNING_POLICY_NOT_FOUND', 'There is no signing policy of this id.')
        return pageOfVersions(policy.versions, { list: `signingPolicy-${signingPolicyId}`, asOf, page })
      },
    }),
  ]
}

type Version = VersionMade & { readonly version: number }

/** Who made a version, and when, as answers show it. */
export function makingOf({ version, at, by }: Version) {
  return { version, madeAt: at, madeBy: { ...by } }
}

/** A page of versions. They are made one after the other, so those of a moment are the first of all. */
export function pageOfVersions<Of extends Version>(
  versions: readonly Of[],
  { list, asOf, page }: { readonly list: string; readonly asOf: string | undefined; readonly page: PageRequest },
) {
  const moment = asOf === undefined ? Number.POSITIVE_INFINITY : Date.parse(asOf)
  const known = versions.filter(({ at }) => Date.parse(at) <= moment)
  const read = async (from: number, to: number) => known.slice(from, to)
  return numberedPage({ list, count: known.length, read }, page)
}
