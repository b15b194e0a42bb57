import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { formOf, type RestClient } from '../rest-client.ts'
import { digestOf, type Released, type ReleaseWorld } from './world.ts'

/** Takes a program through the scenario by REST alone: what an answer links to is where the next call goes. */
export async function releaseByRest(world: ReleaseWorld, program: string): Promise<Released> {
  const { folder, candidatePolicy, releasePolicy } = world
  const [pipeline, tests, releaseTool] = [world.rest('pipeline'), world.rest('tests'), world.rest('releaseTool')]

  // 1. The pipeline has the candidate signed for tests.
  const candidate = await submitted(
    pipeline.send(
      'POST',
      '/SigningRequests/SubmitWithArtifact',
      formOf({
        ProjectSlug: 'demo',
        SigningPolicySlug: candidatePolicy,
        Description: 'Release candidate 1',
        Artifact: new File([readFileSync(program)], 'setup.exe'),
      }),
      { 'idempotency-key': 'candidate by REST' },
    ),
  )
  expect((await pipeline.send('GET', `${candidate.location}/Status?waitForFinal=60`)).body).toMatchObject({
    status: 'Completed',
    isFinalStatus: true,
  })

  // 2. It is tested.
  const candidateFile = await download(tests, candidate.location, join(folder, 'candidate-by-rest.exe'))
  await world.requireSigned(candidateFile, candidatePolicy)

  // 3. The tests passed: the same artifact is submitted for its release.
  const release = await submitted(
    tests.send(
      'POST',
      '/SigningRequests/Resubmit',
      formOf({
        OriginalSigningRequestId: candidate.id,
        SigningPolicySlug: releasePolicy,
        Description: 'Release 1, tests passed',
      }),
    ),
  )

  // 4. The release tool hears of it, and looks at what would be signed.
  for await (const { event, data } of releaseTool.events(`${release.location}/Events`))
    if (event === 'signingRequest' && data.status === 'WaitingForApproval') break
  const waiting = await releaseTool.send(
    'GET',
    `/SigningRequests?projectSlug=demo&signingPolicySlug=${releasePolicy}&status=WaitingForApproval`,
  )
  const row = { signingRequestId: release.id, missingApprovals: 1 }
  expect(waiting.body.signingRequests).toContainEqual(expect.objectContaining(row))
  const { body: shown } = await releaseTool.send('GET', release.location)
  expect(shown).toMatchObject({
    resubmittedFrom: candidate.id,
    description: 'Release 1, tests passed',
    plan: [{ path: ['setup.exe'], sha256: digestOf(program) }],
  })

  // 5. Who waits hears of the end; who submitted it does not bring it about.
  const end = tests.send('GET', `${release.location}/Status?waitForFinal=60`)
  const { planDigest } = shown
  expect(await tests.send('POST', `${release.location}/Approve`, { planDigest })).toMatchObject({
    status: 403,
    body: { code: 'SUBMITTER_MAY_NOT_APPROVE' },
  })
  const approved = await releaseTool.send('POST', `${release.location}/Approve`, {
    planDigest,
    comment: 'tests passed',
  })
  expect(approved).toMatchObject({ status: 200, body: { signingRequestId: release.id } })
  expect((await end).body).toMatchObject({ status: 'Completed', isFinalStatus: true })

  // 6. What was released.
  const releaseFile = await download(tests, release.location, join(folder, 'release-by-rest.exe'))
  return { candidateId: candidate.id, releaseId: release.id, candidate: candidateFile, release: releaseFile }
}

async function submitted(answer: ReturnType<RestClient['send']>): Promise<{ id: string; location: string }> {
  const { status, headers, body } = await answer
  expect(status, JSON.stringify(body)).toBe(201)
  const location = headers.get('location') ?? ''
  expect(location).toBe(body.signingRequestUrl)
  return { id: body.signingRequestId, location }
}

async function download(client: RestClient, location: string, file: string): Promise<string> {
  const { body } = await client.send('GET', location)
  writeFileSync(file, await client.bytes(body.signedArtifactLink))
  return file
}
