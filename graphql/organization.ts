import { ChangeControlRef } from './change-control.ts'
import { EntityRef } from './entity.ts'
import { KeyRef, OrganizationRef } from './refs.ts'

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
    statementKey: t.field({
      type: KeyRef,
      nullable: true,
      description: "What signs where something comes from. Null: the key of the policy's certificate.",
      resolve: ({ statementKeyId }) => statementKeyId ?? null,
    }),
  }),
})
