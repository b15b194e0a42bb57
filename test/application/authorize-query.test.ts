import { expect, it } from 'vitest'
import { globalRoles, hasPermission } from '../../domain/index.ts'
import { testApplication } from '../support/test-application.ts'

it('a query is open to whose roles have its permission, and whom it is closed to is recorded', async () => {
  const test = await testApplication()
  let refused = 0
  for (const permission of ['readAuditLog', 'administerAdministrators'] as const)
    for (const role of [undefined, ...globalRoles]) {
      const caller = await test.user(role ?? 'Regular User', ...(role === undefined ? [] : [role]))
      const asked = test.application.authorizeQuery(caller, { query: 'events', permission })
      if (hasPermission(caller, permission)) await asked
      else {
        await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN', details: { permission } })
        refused += 1
      }
    }
  const refusals = await test.refusals()
  expect(refused).toBe(6)
  expect(refusals).toHaveLength(refused)
  expect(new Set(refusals.flatMap(({ commands }) => commands))).toEqual(new Set(['events']))
})
