import type { Instant, RecordedDocument } from '../domain/index.ts'
import { PlannedConfigurationRef } from './artifact-configuration.ts'
import { builder } from './builder.ts'
import { documentFields, entryConnection } from './paged-document.ts'
import { nodesOf, PlanNodeRef, planOf } from './plan-node.ts'

/** What the log says of a request's plan. */
export type PlanOfRequest = RecordedDocument & {
  readonly plannerVersion: number
  readonly nodeCount: number
  readonly fileCount: number
  readonly approvalDeadline: Instant | null
  readonly plannedAt: Instant | null
}

/** A request's plan: what approvers agree to by its digest. */
export const SigningPlanRef = builder.objectRef<PlanOfRequest>('SigningPlan').implement({
  description: 'What will be signed and how: a tree of files. An approval names its digest.',
  fields: (t) => ({
    digest: t.exposeString('digest', { description: 'SHA-256 of `document`, hexadecimal.' }),
    plannerVersion: t.exposeInt('plannerVersion', {
      description: 'Which planner made it. A signer that does not have that one lets the request wait.',
    }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files will be signed.' }),
    nodeCount: t.exposeInt('nodeCount', { description: 'How many files and folders the plan names.' }),
    plannedAt: t.expose('plannedAt', { type: 'DateTime', nullable: true }),
    approvalDeadline: t.expose('approvalDeadline', {
      type: 'DateTime',
      nullable: true,
      description: 'When a request without quorum will be denied. Null waits without end.',
    }),
    certificateThumbprint: t.string({
      nullable: true,
      description: 'SHA-256 of the signing certificate, hexadecimal.',
      resolve: async (plan, _, context) => (await planOf(plan, context)).head.certificateThumbprint,
    }),
    artifactConfiguration: t.field({
      type: PlannedConfigurationRef,
      nullable: true,
      description: 'What says what is signed inside what. Null where the artifact itself is signed, and nothing in it.',
      resolve: async (plan, _, context) => {
        const { head } = await planOf(plan, context)
        return head.schemaVersion === 1 ? null : head.artifactConfiguration
      },
    }),
    files: entryConnection(t, 'PlannedFileConnection', {
      type: PlanNodeRef,
      description: 'The files that will be signed, in the order of the plan.',
      list: async (plan, context) => {
        const { signedCount: count, signedEntries } = await planOf(plan, context)
        return { list: `files ${plan.digest}`, count, read: nodesOf(plan, signedEntries) }
      },
    }),
    nodes: entryConnection(t, 'PlanNodeConnection', {
      type: PlanNodeRef,
      description: 'The whole tree, depth first: a container before what is in it.',
      list: async (plan, context) => {
        const { entryCount: count, entries } = await planOf(plan, context)
        return { list: `nodes ${plan.digest}`, count, read: nodesOf(plan, entries) }
      },
    }),
    ...documentFields(t, planOf),
  }),
})
