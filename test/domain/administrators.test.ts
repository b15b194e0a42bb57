import { describe, expect, it } from 'vitest'
import { type AdministratorsEvent, administratorsDecider as administrators, type UserId } from '../../domain/index.ts'
import { event, given } from '../support/decider-spec.ts'
import { people } from '../support/submission.ts'

const { anna, bert } = people
const counted = (userId: UserId, revision: number) =>
  event<AdministratorsEvent, 'AdministratorCounted'>('AdministratorCounted', { userId, revision })
const left = (userId: UserId, revision: number) =>
  event<AdministratorsEvent, 'AdministratorLeaving'>('AdministratorLeaving', { userId, revision })
const leave = (userId: UserId, revision: number, ...seen: readonly { userId: UserId; revision: number }[]) =>
  ({ type: 'LetAdministratorLeave', leaving: { userId, revision }, seen }) as const

describe('the administrators of an organization', () => {
  it('let one leave while another one is counted, or is seen and counted now', () => {
    given(administrators, counted(bert, 1)).when(leave(anna, 4)).thenEvents(left(anna, 4))
    given(administrators)
      .when(leave(anna, 4, { userId: anna, revision: 4 }, { userId: bert, revision: 1 }))
      .thenEvents(counted(bert, 1), left(anna, 4))
  })

  it('keep the last one, who does not count for themselves', () => {
    given(administrators, counted(anna, 4))
      .when(leave(anna, 4, { userId: anna, revision: 4 }))
      .thenRefused('LAST_ADMINISTRATOR')
  })

  it('count one who is leaving again only from behind the revision that it was said for', () => {
    const state = [counted(bert, 1), left(bert, 2)]
    given(administrators, ...state)
      .when(leave(anna, 4, { userId: bert, revision: 2 }))
      .thenRefused('LAST_ADMINISTRATOR')
    given(administrators, ...state)
      .when(leave(anna, 4, { userId: bert, revision: 3 }))
      .thenEvents(counted(bert, 3), left(anna, 4))
  })

  it('forget nobody who was counted', () => {
    expect(given(administrators, counted(anna, 1), counted(bert, 2), left(anna, 3)).state).toEqual({
      [anna]: { status: 'leaving', revision: 3 },
      [bert]: { status: 'counted', revision: 2 },
    })
  })
})
