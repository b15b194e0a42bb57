import { EntityRef } from './entity.ts'
import { OrganizationRef } from './refs.ts'

OrganizationRef.implement({
  description: 'What everything else belongs to.',
  interfaces: [EntityRef],
  fields: (t) => ({
    organizationId: t.exposeID('organizationId', { description: 'UUID.' }),
    name: t.exposeString('name'),
  }),
})
