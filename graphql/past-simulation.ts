import { type KnownNow, type PastRequest, treatedOtherwise } from '../application/index.ts'
import {
  asId,
  groupsNamed,
  type OtherwiseRule,
  Refusal,
  type SigningPolicySettings,
  type TreatedOtherwise,
} from '../domain/index.ts'
import type { ChangeProposalView, SigningPolicyView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { groupsOf, membersOfGroups } from './group-members.ts'
import { newestRequests } from './newest-requests.ts'
import { ChangeProposalRef, SigningRequestRef } from './refs.ts'

const OtherwiseDifferenceRef = builder
  .objectRef<{ readonly rule: OtherwiseRule; readonly before: string; readonly after: string }>('OtherwiseDifference')
  .implement({
    description: 'A rule by which a request would have been treated otherwise.',
    fields: (t) => ({
      rule: t.exposeString('rule', {
        description:
          '`submitter`, `trustedBuildSystem`, `approvals`, `certificate`, `timestamp`, `existingSignatures` or `hashSigning`.',
      }),
      before: t.exposeString('before', { description: 'By the version that it was submitted under.' }),
      after: t.exposeString('after', { description: 'By the proposed settings.' }),
    }),
  })

const TreatedOtherwiseRef = builder.objectRef<TreatedOtherwise>('TreatedOtherwise').implement({
  description: 'A request that proposed settings would have treated otherwise.',
  fields: (t) => ({
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      resolve: ({ signingRequestId }) => signingRequestId,
    }),
    differences: t.field({ type: [OtherwiseDifferenceRef], resolve: ({ differences }) => [...differences] }),
  }),
})

/** Which of the last requests of a policy other settings would have treated otherwise. */
type PastSimulation = { readonly examined: number; readonly otherwise: readonly TreatedOtherwise[] }

const PastSimulationRef = builder.objectRef<PastSimulation>('PastSimulation').implement({
  description: 'Which of the last requests of a signing policy proposed settings would have treated otherwise.',
  fields: (t) => ({
    examined: t.exposeInt('examined', { description: 'So many requests were looked at, the newest ones.' }),
    treatedOtherwise: t.field({ type: [TreatedOtherwiseRef], resolve: ({ otherwise }) => [...otherwise] }),
  }),
})

/** At most so many requests are looked at. */
const mostRequests = 200

builder.objectField(ChangeProposalRef, 'pastSimulation', (t) =>
  t.field({
    type: PastSimulationRef,
    nullable: true,
    complexity: ({ last }) => ({ field: 20, multiplier: Math.min(Math.max(last ?? 1, 1), mostRequests) }),
    args: {
      last: t.arg.int({
        defaultValue: 50,
        description: `Of so many of the policy's last requests, ${mostRequests} at most.`,
      }),
    },
    description:
      'Which of the last requests the proposed version of a signing policy would have treated otherwise; people are in the groups that they are in now, and build systems as they are now. Null for other changes.',
    resolve: (proposal, { last }, context) => simulatePast(proposal, last ?? 50, context),
  }),
)

async function simulatePast(
  { target, events }: ChangeProposalView,
  last: number,
  context: GraphQLContext,
): Promise<PastSimulation | null> {
  const changed = events.findLast(({ type }) => type === 'SigningPolicyChanged')
  const signingPolicyId = asId<SigningPolicyView['signingPolicyId']>(target.slice('signingPolicy-'.length))
  if (changed === undefined || signingPolicyId === undefined) return null
  if (!Number.isInteger(last) || last < 1 || last > mostRequests)
    throw new Refusal('PAGE_TOO_LARGE', `The last 1 to ${mostRequests} requests can be looked at; got ${last}.`, {
      limit: mostRequests,
      actual: last,
    })
  const { settings } = changed.data as { readonly settings: SigningPolicySettings }
  const { requests } = await newestRequests({ signingPolicyId }, last, context)
  const named = [settings, ...requests].flatMap(({ approval }) => approval?.approvers ?? [])
  const members = await membersOfGroups(groupsNamed([...settings.submitters, ...named]), context)
  const vouching = await vouchingNow(requests, context)
  const otherwise = treatedOtherwise(requests, settings, { groupsOf: (user) => groupsOf(user, members), ...vouching })
  return { examined: requests.length, otherwise }
}

/** Of which kind the submitters of requests are, and how the build systems are that vouched for them. */
async function vouchingNow(
  requests: readonly PastRequest[],
  { readModel, caller: { organizationId } }: GraphQLContext,
): Promise<Pick<KnownNow, 'kindOf' | 'buildSystem'>> {
  const submitters = new Set(requests.map(({ submitter }) => submitter))
  const vouchers = requests.flatMap(({ vouchedBy }) => (vouchedBy === null ? [] : [vouchedBy.trustedBuildSystemId]))
  const [users, systems] = await Promise.all([
    readModel.usersByIds(organizationId, [...submitters]),
    readModel.trustedBuildSystemsByIds(organizationId, [...new Set(vouchers)]),
  ])
  const kinds = new Map(users.flatMap((user) => (user === undefined ? [] : [[user.userId, user.kind]])))
  return {
    kindOf: (user) => kinds.get(user),
    buildSystem(id) {
      const system = systems.find((each) => each?.trustedBuildSystemId === id)
      return system === undefined ? { status: 'none' } : { ...system, tokens: [] }
    },
  }
}
