import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '../../event-log/index.ts'
import { withoutSecrets } from '../../projections/without-secrets.ts'

const dataOf = (type: string, data: object) => withoutSecrets({ type, data } as unknown as RecordedEvent).data

describe('what the read model keeps of an event', () => {
  it('has no hash of a token, also where a proposed change makes one', () => {
    const issued = { tokenId: 't', tokenHash: 'secret' }
    expect(dataOf('ApiTokenIssued', issued)).toEqual({ tokenId: 't' })
    const proposed = {
      events: [
        { type: 'ApiTokenIssued', data: issued },
        { type: 'UserDeactivated', data: { reason: null } },
      ],
    }
    expect(dataOf('ChangeProposed', proposed)).toEqual({
      events: [
        { type: 'ApiTokenIssued', data: { tokenId: 't' } },
        { type: 'UserDeactivated', data: { reason: null } },
      ],
    })
  })

  it.each([
    [{}],
    [{ events: 'none' }],
    [{ events: [null, 1, { type: 'ApiTokenIssued' }, { type: 'ApiTokenIssued', data: null }] }],
  ])(
    'is left as it is where it has no form that is known, for it must not hold up the events behind it: %j',
    (data) => {
      expect(dataOf('ChangeProposed', data)).toEqual(data)
    },
  )
})
