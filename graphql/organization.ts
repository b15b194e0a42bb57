import type { ChangeControl } from '../domain/index.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { OrganizationRef } from './refs.ts'

const ChangeControlRef = builder.objectRef<ChangeControl>('ChangeControl').implement({
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

OrganizationRef.implement({
  description: 'What everything else belongs to.',
  interfaces: [EntityRef],
  fields: (t) => ({
    organizationId: t.exposeID('organizationId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    changeControl: t.field({
      type: ChangeControlRef,
      nullable: true,
      description: 'Which approvals changes of rules need. Null: who may change a rule changes it alone.',
      resolve: ({ changeControl }) => changeControl,
    }),
  }),
})
