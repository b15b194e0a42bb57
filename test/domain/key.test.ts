import { describe, expect, it } from 'vitest'
import {
  fold,
  type KeyEvent,
  type KeyId,
  keyDecider as key,
  type OrganizationId,
  parseKeyStoreName,
  type UserId,
  usableKey,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const facts = {
  keyId: fixedUuid<KeyId>('7'),
  organizationId: fixedUuid<OrganizationId>('3'),
  name: 'Release signing',
  keyStore: 'hsm-2',
  algorithm: 'ec-p384',
} as const
const inStore = {
  ...facts,
  keyStore: parseKeyStoreName(facts.keyStore),
  label: `countersign-${facts.keyId}`,
  ckaId: facts.keyId.replaceAll('-', ''),
}
const token = { label: 'Release', serialNumber: '0042', manufacturer: 'HSM Ltd', model: 'H1' }
const stored = { publicKey: 'BBBB', token }
const generate = { type: 'RequestKeyGeneration', ...facts } as const
const bring = { type: 'RequestKeyImport', ...facts, publicKey: 'BBBB' } as const
const disable = { type: 'DisableKey', reason: 'lost' } as const
const generationRequested = event<KeyEvent, 'KeyGenerationRequested'>('KeyGenerationRequested', inStore)
const generated = event<KeyEvent, 'KeyGenerated'>('KeyGenerated', stored)
const importRequested = event<KeyEvent, 'KeyImportRequested'>('KeyImportRequested', { ...inStore, publicKey: 'BBBB' })
const importPrepared = event<KeyEvent, 'KeyImportPrepared'>('KeyImportPrepared', { transportKey: 'CCCC' })
const imported = event<KeyEvent, 'KeyImported'>('KeyImported', stored)
const disabled = event<KeyEvent, 'KeyDisabled'>('KeyDisabled', { reason: 'lost' })

const moment = '2026-03-01T12:00:00.000Z'
const anna = { userId: fixedUuid<UserId>('a'), peopleBehind: [] }
const bert = { userId: fixedUuid<UserId>('b'), peopleBehind: [] }
const botOfAnna = { userId: fixedUuid<UserId>('c'), peopleBehind: [anna.userId] }
const ask = { type: 'RequestKeyDeletion', by: anna, reason: 'exposed', at: moment, usedBy: [] } as const
const confirm = { type: 'ConfirmKeyDeletion', by: bert, label: inStore.label, at: moment, usedBy: [] } as const
const withdraw = { type: 'WithdrawKeyDeletion', reason: null } as const
const expiresAt = '2026-03-08T12:00:00.000Z'
const asked = event<KeyEvent, 'KeyDeletionRequested'>('KeyDeletionRequested', {
  ...{ requestedBy: anna, reason: 'exposed', expiresAt },
})
const confirmed = event<KeyEvent, 'KeyDeletionConfirmed'>('KeyDeletionConfirmed', { confirmedBy: bert })
const withdrawn = event<KeyEvent, 'KeyDeletionWithdrawn'>('KeyDeletionWithdrawn', { reason: null })
const destroyed = event<KeyEvent, 'KeyDestroyed'>('KeyDestroyed', { wasInStore: true })

describe('the destruction of a key', () => {
  const made = [generationRequested, generated]

  it('is asked for by one person, confirmed by another, and recorded, whatever state the key is in', () => {
    for (const history of [
      [generationRequested],
      made,
      [...made, disabled],
      [importRequested],
      [importRequested, importPrepared],
    ]) {
      given(key, ...history)
        .when(ask)
        .thenEvents(asked)
      given(key, ...history, asked)
        .when(confirm)
        .thenEvents(confirmed)
      given(key, ...history, asked, confirmed)
        .when({ type: 'RecordDestroyed', wasInStore: true })
        .thenEvents(destroyed)
      expect(fold(key, [...history, asked, confirmed, destroyed])).toMatchObject({
        status: 'destroyed',
        transportKey: null,
      })
    }
  })

  it('can be withdrawn until it is confirmed, and asked for again once its time is over', () => {
    given(key, ...made, asked)
      .when(withdraw)
      .thenEvents(withdrawn)
    expect(fold(key, [...made, asked, withdrawn])).toEqual(fold(key, made))
    given(key, ...made, asked)
      .when({ ...ask, reason: null, at: expiresAt })
      .thenEvents({ ...asked, data: { ...asked.data, reason: null, expiresAt: '2026-03-15T12:00:00.000Z' } })
  })

  it('stops the key from signing from when it is asked for', () => {
    const refusal = (...events: readonly KeyEvent[]) =>
      refusalOf(() => usableKey(fold(key, events), 'a certificate')).code
    expect(refusal(...made, asked)).toBe('KEY_UNDER_DELETION')
    expect(refusal(...made, asked, confirmed)).toBe('KEY_UNDER_DELETION')
    expect(refusal(...made, asked, confirmed, destroyed)).toBe('KEY_DESTROYED')
    expect(usableKey(fold(key, [...made, asked, withdrawn]), 'a certificate')).toMatchObject({ status: 'active' })
  })
})

describe('key', () => {
  it('is asked for by where it is to be, made there, and can be disabled at any time', () => {
    given(key).when(generate).thenEvents(generationRequested)
    given(key, generationRequested).when({ type: 'RecordGenerated', key: stored }).thenEvents(generated)
    for (const history of [[generationRequested], [generationRequested, generated]])
      given(key, ...history)
        .when(disable)
        .thenEvents(disabled)
  })

  it('is brought in from elsewhere as the one that was announced, and counts as potentially exposed', () => {
    given(key).when(bring).thenEvents(importRequested)
    given(key, importRequested).when({ type: 'RecordImported', key: stored }).thenEvents(imported)
    given(key, importRequested).when({ type: 'RecordImportPrepared', transportKey: 'CCCC' }).thenEvents(importPrepared)
    expect(fold(key, [importRequested, importPrepared])).toMatchObject({ status: 'requested', transportKey: 'CCCC' })
    for (const end of [imported, disabled])
      expect(fold(key, [importRequested, importPrepared, end])).toMatchObject({ transportKey: null })
    expect(fold(key, [importRequested, imported])).toMatchObject({ origin: 'imported', potentiallyExposed: true })
    expect(fold(key, [generationRequested, generated])).toMatchObject({
      origin: 'generated',
      potentiallyExposed: false,
    })
  })

  it('is found in its key store by names that lead back to it, whatever people call it', () => {
    const name = '発行用の鍵'
    given(key)
      .when({ ...generate, name })
      .thenEvents(event<KeyEvent, 'KeyGenerationRequested'>('KeyGenerationRequested', { ...inStore, name }))
    expect(inStore.label).toContain(facts.keyId)
    expect(Buffer.from(inStore.ckaId, 'hex').length).toBe(16)
  })

  itRefuses(key, { source: 'key/decider.ts', before: 'export const keyDecider' }, [
    ['KEY_EXISTS', 'a second request', [generationRequested], generate],
    ['KEY_EXISTS', 'an import under the same id', [generationRequested], bring],
    ['KEY_NOT_FOUND', 'disabling before the request', [], disable],
    ['KEY_STATE', 'making it twice', [generationRequested, generated], { type: 'RecordGenerated', key: stored }],
    [
      'KEY_STATE',
      'making one that is disabled',
      [generationRequested, disabled],
      { type: 'RecordGenerated', key: stored },
    ],
    ['KEY_STATE', 'making one that is to be imported', [importRequested], { type: 'RecordGenerated', key: stored }],
    ['KEY_STATE', 'importing one that is to be made', [generationRequested], { type: 'RecordImported', key: stored }],
    [
      'KEY_MISMATCH',
      'importing another key',
      [importRequested],
      { type: 'RecordImported', key: { ...stored, publicKey: 'CCCC' } },
    ],
    [
      'KEY_STATE',
      'preparing to import one that is made here',
      [generationRequested],
      { type: 'RecordImportPrepared', transportKey: 'CCCC' },
    ],
    [
      'KEY_IN_USE',
      'asking for the destruction of one that a policy uses',
      [generationRequested, generated],
      { ...ask, usedBy: ['Release'] },
    ],
    [
      'KEY_IN_USE',
      'confirming it when a policy uses it by now',
      [generationRequested, asked],
      { ...confirm, usedBy: ['Release'] },
    ],
    ['KEY_UNDER_DELETION', 'asking twice', [generationRequested, asked], ask],
    ['KEY_UNDER_DELETION', 'confirming twice', [generationRequested, asked, confirmed], confirm],
    ['KEY_UNDER_DELETION', 'withdrawing what is confirmed', [generationRequested, asked, confirmed], withdraw],
    ['KEY_UNDER_DELETION', 'disabling what is confirmed', [generationRequested, asked, confirmed], disable],
    [
      'KEY_UNDER_DELETION',
      'making one that is to be destroyed',
      [generationRequested, asked],
      { type: 'RecordGenerated', key: stored },
    ],
    ['KEY_DESTROYED', 'asking for what is done', [generationRequested, asked, confirmed, destroyed], ask],
    ['KEY_DESTROYED', 'disabling one that is destroyed', [generationRequested, asked, confirmed, destroyed], disable],
    ['KEY_DELETION_NOT_REQUESTED', 'confirming what nobody asked for', [generationRequested, generated], confirm],
    [
      'KEY_DELETION_NOT_REQUESTED',
      'withdrawing what nobody asked for',
      [generationRequested, asked, withdrawn],
      withdraw,
    ],
    ['KEY_DELETION_EXPIRED', 'confirming too late', [generationRequested, asked], { ...confirm, at: expiresAt }],
    ['KEY_DELETION_SAME_PERSON', 'confirming by whoever asked', [generationRequested, asked], { ...confirm, by: anna }],
    [
      'KEY_DELETION_SAME_PERSON',
      'confirming by their other account',
      [generationRequested, asked],
      { ...confirm, by: botOfAnna },
    ],
    [
      'KEY_LABEL_MISMATCH',
      'confirming another key',
      [generationRequested, asked],
      { ...confirm, label: 'countersign-other' },
    ],
    [
      'KEY_STATE',
      'destroying what nobody confirmed',
      [generationRequested, asked],
      { type: 'RecordDestroyed', wasInStore: true },
    ],
    ['KEY_DISABLED', 'disabling twice', [generationRequested, disabled], disable],
    ['KEY_STORE_NAME_MALFORMED', 'no key store', [], { ...generate, keyStore: '' }],
    ['KEY_STORE_NAME_MALFORMED', 'a path for a key store', [], { ...generate, keyStore: '../hsm' }],
    ['NAME_MALFORMED', 'no name', [], { ...generate, name: '' }],
    ['TEXT_TOO_LONG', 'a reason', [generationRequested], { ...disable, reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [generationRequested], { ...disable, reason: '\x1b[2J' }],
  ])
})

describe('a key that is to sign', () => {
  const refusal = (...events: readonly KeyEvent[]) =>
    refusalOf(() => usableKey(fold(key, events), 'a certificate')).code

  it('is usable once it is in its key store, until it is disabled', () => {
    for (const history of [
      [generationRequested, generated],
      [importRequested, imported],
    ])
      expect(usableKey(fold(key, history), 'a certificate')).toMatchObject({ publicKey: 'BBBB', token })
    expect(refusal()).toBe('KEY_NOT_FOUND')
    expect(refusal(generationRequested)).toBe('KEY_NOT_READY')
    expect(refusal(importRequested)).toBe('KEY_NOT_READY')
    expect(refusal(generationRequested, generated, disabled)).toBe('KEY_DISABLED')
    expect(refusal(generationRequested, disabled)).toBe('KEY_DISABLED')
  })
})
