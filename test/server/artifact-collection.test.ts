import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { collectArtifacts } from '../../artifacts/index.ts'
import { retrieved, type Sha256Digest, streams } from '../../domain/index.ts'
import { namingLog } from '../../server/artifact-collection.ts'
import { appendRaw } from '../support/append-raw.ts'
import { fixedUuid } from '../support/submission.ts'
import { testOrganization } from '../support/test-organization.ts'

const hour = 3_600_000

it('keeps what submissions, plans, manifests, signed artifacts and events of later releases name, and nothing else', async () => {
  const { folder, store, log, planned, tell, setup } = await testOrganization({ approval: null })
  async function put(text: string) {
    async function* bytes() {
      yield Buffer.from(text)
    }
    return store.put(bytes())
  }
  const request = await planned()
  const [signed, manifest] = [await put('signed'), await put('its manifest')]
  const [later, orphan] = [await put('of a later release'), await put('of nobody')]
  const { signingRequestId, plan, certificateId } = request
  const planDigest = plan?.digest as Sha256Digest
  const planDocument = plan?.document as Sha256Digest
  await tell(signingRequestId, {
    type: 'StartSigning',
    planDigest,
    certificateId,
    certificateThumbprint: 'ab',
    keyId: fixedUuid('7'),
  })
  const signedArtifact = { fileName: 'program.exe', ...signed }
  const data = { schemaVersion: 1, attempt: 1, signedArtifact }
  const stream = streams.signingRequest(randomUUID() as typeof signingRequestId)
  const events = [
    { type: 'FilesSigned', data: { schemaVersion: 1, attempt: 1, manifestDocument: manifest.sha256 } },
    { type: 'SigningRequestCompleted', data },
    { type: 'SomethingNew', data: { schemaVersion: 7, parts: [{ evidence: `sha256:${later.sha256}` }] } },
  ]
  await appendRaw(log, stream, events, 'noStream', setup.organizationId)
  const collected = await collectArtifacts({
    path: join(folder, 'artifacts'),
    log: namingLog(log),
    uploads: { named: async () => new Set() },
    now: () => Date.now() + 2 * hour,
    holdMs: hour,
    trashMs: 0,
  })
  expect(collected).toEqual({ thrownAway: 1, restored: 0, deleted: 1 })
  const named = [retrieved(request).artifact.sha256, planDocument, signed.sha256, manifest.sha256, later.sha256]
  for (const sha256 of named) await store.verify(sha256)
  expect(await store.has(orphan.sha256)).toBe(false)
})
