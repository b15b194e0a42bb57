import { mostPastRequests, type PastSimulation, simulatePastRequests } from '../application/index.ts'
import type { OtherwiseRule, TreatedOtherwise } from '../domain/index.ts'
import { builder } from './builder.ts'
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

const PastSimulationRef = builder.objectRef<PastSimulation>('PastSimulation').implement({
  description: 'Which of the last requests of a signing policy proposed settings would have treated otherwise.',
  fields: (t) => ({
    examined: t.exposeInt('examined', { description: 'So many requests were looked at, the newest ones.' }),
    treatedOtherwise: t.field({ type: [TreatedOtherwiseRef], resolve: ({ otherwise }) => [...otherwise] }),
  }),
})

builder.objectField(ChangeProposalRef, 'pastSimulation', (t) =>
  t.field({
    type: PastSimulationRef,
    nullable: true,
    complexity: ({ last }) => ({ field: 20, multiplier: Math.min(Math.max(last ?? 1, 1), mostPastRequests) }),
    args: {
      last: t.arg.int({
        defaultValue: 50,
        description: `Of so many of the policy's last requests, ${mostPastRequests} at most.`,
      }),
    },
    description:
      'Which of the last requests the proposed version of a signing policy would have treated otherwise; people are in the groups that they are in now, and build systems as they are now. Null for other changes.',
    resolve: (proposal, { last }, { readModel }) => simulatePastRequests(readModel, proposal, last ?? 50),
  }),
)
