import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateKey } from '../../activities/generate-key.ts'
import type { Caller } from '../../application/caller.ts'
import { grantGlobalRole } from '../../application/change-user.ts'
import { confirmKeyDeletion, requestKeyDeletion, withdrawKeyDeletion } from '../../application/delete-key.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type ApiTokenId,
  eventMetadata,
  fold,
  type KeyEvent,
  type KeyId,
  keyDecider,
  organizationDecider,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { certificatesInLog } from '../support/certificates-in-log.ts'
import { withMoments } from '../support/moments.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { keyWorkflows, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** An organization with two Certificate Administrators, and a key that no policy uses. */
async function withAdministrators() {
  const organization = await testOrganization({ approval: null })
  const { signer, setup, log, approvers, persons } = organization
  const [anna, bert] = approvers
  const dependencies = {
    ...signer,
    log,
    persons,
    workflows: keyWorkflows(signer),
    certificates: certificatesInLog(log),
  }
  for (const userId of [anna, bert])
    await grantGlobalRole({ ...dependencies, administrators: noAdministrators }, setup, {
      userId,
      role: 'certificateAdministrator',
    })
  const { keyId } = await newCertificate(organization)
  return {
    ...{ organization, dependencies, keyId, anna, bert },
    request: (by = anna, id = keyId) =>
      requestKeyDeletion(dependencies, callerOf(organization, by), { keyId: id, reason: 'exposed' }),
    confirm: async (by = bert, deps = dependencies, id = keyId) =>
      confirmKeyDeletion(deps, callerOf(organization, by), { keyId: id, label: `countersign-${id}` }),
    key: async () => fold(keyDecider, (await readWholeStream(log, streams.key(keyId))).events),
    types: async () => (await readWholeStream(log, streams.key(keyId))).events.map(({ type }) => type),
    isInStore: async () => (await (await signer.keyStores.open('default' as never)).findKey(idOf(keyId))) !== undefined,
  }
}

const noAdministrators = { of: async () => [], catchUp: async () => undefined }
const idOf = (keyId: KeyId) => Buffer.from(keyId.replaceAll('-', ''), 'hex')

function callerOf({ setup, tokenIds }: TestOrganization, userId: UserId): Caller {
  return {
    ...{ organizationId: setup.organizationId, userId, kind: 'interactive', person: {} as Caller['person'] },
    ...{ roles: ['certificateAdministrator'], scope: null, remoteAddress: undefined, callId: randomUUID() },
    authentication: { method: 'apiToken', tokenId: tokenIds.get(userId) as ApiTokenId },
  }
}

describe('a key that is to be destroyed', () => {
  test('is gone from its key store once another administrator has confirmed it, and both are in the log', async () => {
    const { request, confirm, key, types, isInStore } = await withAdministrators()
    await request()
    expect(await isInStore()).toBe(true)
    await confirm()
    expect(await isInStore()).toBe(false)
    expect(await key()).toMatchObject({ status: 'destroyed' })
    expect(await types()).toEqual([
      ...['KeyGenerationRequested', 'KeyGenerated', 'KeyDeletionRequested', 'KeyDeletionConfirmed', 'KeyDestroyed'],
    ])
  })

  test('is not confirmed by whoever asked for it, and stays when it is withdrawn', async () => {
    const { organization, dependencies, keyId, anna, request, confirm, isInStore } = await withAdministrators()
    await request()
    await expect(confirm(anna)).rejects.toMatchObject({ code: 'KEY_DELETION_SAME_PERSON' })
    const caller = callerOf(organization, anna)
    await expect(
      confirmKeyDeletion(dependencies, callerOf(organization, organization.approvers[1]), { keyId, label: 'another' }),
    ).rejects.toMatchObject({ code: 'KEY_LABEL_MISMATCH' })
    await withdrawKeyDeletion(dependencies, caller, { keyId, reason: null })
    await expect(confirm()).rejects.toMatchObject({ code: 'KEY_DELETION_NOT_REQUESTED' })
    expect(await isInStore()).toBe(true)
  })

  test('is refused while an active policy uses it, at both steps; signs nothing; and no policy gets it', async () => {
    const { organization, request, confirm } = await withAdministrators()
    const { keyId, certificateId } = await newCertificate(organization)
    const waiting = await newCertificate(organization)
    await useCertificate(organization, certificateId)
    await expect(request(organization.approvers[0], keyId)).rejects.toMatchObject({ code: 'KEY_IN_USE' })
    await useCertificate(organization, waiting.certificateId)
    const { signingRequestId } = await organization.planned()
    await useCertificate(organization, certificateId)
    await request(organization.approvers[0], waiting.keyId)
    const { authoriseSigning } = await import('../../activities/authorise-signing.ts')
    await expect(authoriseSigning(organization.signer, signingRequestId)).rejects.toMatchObject({
      code: 'KEY_UNDER_DELETION',
    })
    // Something gets past the first step.
    await useCertificate(organization, waiting.certificateId)
    await expect(confirm(organization.approvers[1], undefined, waiting.keyId)).rejects.toMatchObject({
      code: 'KEY_IN_USE',
    })
  })

  test.each(['token.destroyKey', 'log.append'])('is destroyed once when the signer ends before %s', async (end) => {
    const { organization, dependencies, keyId, request, confirm, types, isInStore } = await withAdministrators()
    await request()
    const died = new Error('the process ended here')
    const ending = withMoments(organization.signer, (moment) => {
      if (moment === end) throw died
    })
    await expect(confirm(undefined, { ...dependencies, workflows: keyWorkflows(ending) })).rejects.toBe(died)
    expect(await types()).toContain('KeyDeletionConfirmed')
    expect(await isInStore()).toBe(end === 'token.destroyKey')
    await generateKey(organization.signer, keyId)
    await generateKey(organization.signer, keyId)
    expect(await isInStore()).toBe(false)
    expect((await types()).filter((type) => type === 'KeyDestroyed')).toHaveLength(1)
  })

  test('stays when the log does not bear out that two people want it', async () => {
    const { organization, keyId, anna, bert, isInStore } = await withAdministrators()
    const { log, signer, setup, tokenIds } = organization
    const nobody = { peopleBehind: [] }
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const requested = { requestedBy: { userId: anna, ...nobody }, reason: null, expiresAt }
    const events = (confirmedBy: UserId): readonly KeyEvent[] => [
      { type: 'KeyDeletionRequested', data: { schemaVersion: 1, ...requested } },
      { type: 'KeyDeletionConfirmed', data: { schemaVersion: 1, confirmedBy: { userId: confirmedBy, ...nobody } } },
    ]
    // By one hand, in the name of both.
    const { revision } = await readWholeStream(log, streams.key(keyId))
    await appendRaw(log, streams.key(keyId), events(bert), revision, setup.organizationId, anna, tokenIds.get(anna))
    await expect(generateKey(signer, keyId)).rejects.toMatchObject({ code: 'KEY_DELETION_NOT_CONFIRMED' })
    expect(await isInStore()).toBe(true)
  })

  test('stays when whoever confirmed it had no right to', async () => {
    const { organization, confirm, request, isInStore } = await withAdministrators()
    await request()
    await expect(confirm(organization.approvers[2])).rejects.toMatchObject({ code: 'KEY_DELETION_NOT_CONFIRMED' })
    expect(await isInStore()).toBe(true)
  })

  test('stays when whoever confirmed it got the role without those who had to agree to it', async () => {
    const { organization, confirm, request, isInStore } = await withAdministrators()
    const { log, signer, setup, approvers } = organization
    await request()
    const control = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
    await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
      type: 'ChangeChangeControl',
      changeControl: control,
      administrators: 2,
    })
    const stream = streams.user(approvers[2])
    const { revision } = await readWholeStream(log, stream)
    const given = { type: 'GlobalRoleGranted', data: { schemaVersion: 1, role: 'certificateAdministrator' } }
    await appendRaw(log, stream, [given], revision, setup.organizationId, approvers[0])
    await expect(confirm(approvers[2])).rejects.toMatchObject({ code: 'RULE_CHANGE_NOT_APPROVED' })
    expect(await isInStore()).toBe(true)
  })

  const [hour, day] = [3_600_000, 86_400_000]
  test.each<[string, { readonly requested: number; readonly expires: number; readonly confirmed: number }, string]>([
    ['in time', { requested: -2 * day, expires: 5 * day, confirmed: -day }, 'destroyed'],
    [
      'at its end, by a call that was under way',
      { requested: -8 * day, expires: -day, confirmed: -day + 60_000 },
      'destroyed',
    ],
    ['after its end', { requested: -8 * day, expires: -day, confirmed: -day + hour }, 'refused'],
    ['before it was asked for', { requested: -day, expires: 6 * day, confirmed: -day - hour }, 'refused'],
    [
      'after seven days, whatever end the request names',
      { requested: -9 * day, expires: day, confirmed: -hour },
      'refused',
    ],
  ])('whose destruction was confirmed %s is %s by the signer', async (_, at, outcome) => {
    const { organization, keyId, anna, bert, isInStore } = await withAdministrators()
    const { log, signer, setup, tokenIds } = organization
    const moment = (distance: number) => new Date(Date.now() + distance).toISOString()
    const by = (userId: UserId) => ({ userId, peopleBehind: [] })
    const append = async (userId: UserId, event: KeyEvent, distance: number) => {
      const { revision } = await readWholeStream(log, streams.key(keyId))
      const authentication = { method: 'apiToken', tokenId: tokenIds.get(userId) as ApiTokenId } as const
      const about = { organizationId: setup.organizationId, occurredAt: moment(distance) }
      const metadata = eventMetadata({ actor: { kind: 'user', userId, authentication }, callId: randomUUID() }, about)
      await log.append(streams.key(keyId), prepareEvents(streams.key(keyId), revision, [event], metadata), revision)
    }
    const request = { requestedBy: by(anna), reason: null, expiresAt: moment(at.expires) }
    await append(anna, { type: 'KeyDeletionRequested', data: { schemaVersion: 1, ...request } }, at.requested)
    const confirmation = { schemaVersion: 1, confirmedBy: by(bert) } as const
    await append(bert, { type: 'KeyDeletionConfirmed', data: confirmation }, at.confirmed)
    const destroyed = generateKey(signer, keyId)
    if (outcome === 'destroyed') await destroyed
    else await expect(destroyed).rejects.toMatchObject({ code: 'KEY_DELETION_NOT_CONFIRMED' })
    expect(await isInStore()).toBe(outcome === 'refused')
  })
})
