import type { ChangeControl } from '../domain/index.ts'
import { builder } from './builder.ts'

/** That changes of rules need approvals. */
export const ChangeControlRef = builder.objectRef<ChangeControl>('ChangeControl').implement({
  description: 'That changes of rules need the approval of others than their author.',
  fields: (t) => ({
    requiredApprovals: t.exposeInt('requiredApprovals', {
      description: 'Approvals of different administrators that a change takes besides its author.',
    }),
    lifetimeSeconds: t.exposeInt('lifetimeSeconds', {
      description: 'Seconds after which a change that was not applied lapses.',
    }),
  }),
})

/** What changes of rules are to need. */
export const ChangeControlInput = builder.inputType('ChangeControlInput', {
  fields: (t) => ({
    requiredApprovals: t.int({ required: true, description: 'Approvals besides the author, 1 to 10.' }),
    lifetimeSeconds: t.int({ required: true, description: 'Seconds for which a change waits: an hour to 90 days.' }),
  }),
})
