import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { subscribeBySse } from '../graphql-subscriber.ts'
import { type ServiceClient, serviceClient } from '../service-client.ts'
import { until } from '../until.ts'
import { digestOf, type Part, type Released, type ReleaseWorld } from './world.ts'

type Changed = { readonly signingRequestId: string }

/** Takes a program through the scenario by GraphQL, and by the two routes on which bytes go. */
export async function releaseByGraphQL(world: ReleaseWorld, program: string): Promise<Released> {
  const { folder, candidatePolicy, releasePolicy } = world
  const as = (part: Part) => serviceClient(world.url, world.token(part))
  const [pipeline, tests, releaseTool] = [as('pipeline'), as('tests'), as('releaseTool')]

  // 1. The pipeline has the candidate signed for tests.
  const uploadId = await pipeline.upload('setup.exe', readFileSync(program))
  const { submitSigningRequest: candidate } = await pipeline.ask<{ submitSigningRequest: Changed }>(
    'mutation ($input: SubmitSigningRequestInput!) { submitSigningRequest(input: $input) { signingRequestId } }',
    { input: { project: 'demo', signingPolicy: candidatePolicy, uploadId, description: 'Release candidate 2' } },
  )
  await follow(world, 'pipeline', candidate.signingRequestId, 'Completed')

  // 2. It is tested.
  const candidateFile = await download(tests, candidate.signingRequestId, join(folder, 'candidate-by-graphql.exe'))
  await world.requireSigned(candidateFile, candidatePolicy)

  // 3. The tests passed: the same artifact is submitted for its release.
  const { resubmitSigningRequest: release } = await tests.ask<{ resubmitSigningRequest: Changed }>(
    'mutation ($input: ResubmitSigningRequestInput!) { resubmitSigningRequest(input: $input) { signingRequestId } }',
    {
      input: {
        originalSigningRequestId: candidate.signingRequestId,
        signingPolicy: releasePolicy,
        description: 'Release 2, tests passed',
      },
    },
  )

  // 4. The release tool hears of it, and looks at what would be signed.
  await follow(world, 'releaseTool', release.signingRequestId, 'WaitingForApproval')
  const { signingRequests } = await releaseTool.ask<{ signingRequests: { nodes: readonly Changed[] } }>(
    `query ($policy: String!) {
      signingRequests(filter: { project: "demo", signingPolicy: $policy, status: [WaitingForApproval] }, first: 10) {
        nodes { signingRequestId }
      }
    }`,
    { policy: releasePolicy },
  )
  expect(signingRequests.nodes).toContainEqual({ signingRequestId: release.signingRequestId })
  const { signingRequest: waiting } = await releaseTool.ask<{ signingRequest: WaitingRequest }>(
    `query ($id: ID!) {
      signingRequest(id: $id) { plan { digest page(index: 0) } resubmittedFrom { signingRequestId } }
    }`,
    { id: release.signingRequestId },
  )
  expect(waiting.resubmittedFrom).toEqual({ signingRequestId: candidate.signingRequestId })
  expect(JSON.parse(waiting.plan.page)).toMatchObject({ path: ['setup.exe'], sha256: digestOf(program) })

  // 5. Who submitted it does not bring the end about.
  const approve = (client: ServiceClient) =>
    client.ask('mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }', {
      input: {
        signingRequestId: release.signingRequestId,
        planDigest: waiting.plan.digest,
        comment: 'tests passed',
      },
    })
  await expect(approve(tests)).rejects.toMatchObject({ code: 'SUBMITTER_MAY_NOT_APPROVE' })
  await approve(releaseTool)
  await follow(world, 'tests', release.signingRequestId, 'Completed')

  // 6. What was released.
  const releaseFile = await download(tests, release.signingRequestId, join(folder, 'release-by-graphql.exe'))
  return {
    candidateId: candidate.signingRequestId,
    releaseId: release.signingRequestId,
    candidate: candidateFile,
    release: releaseFile,
  }
}

type WaitingRequest = {
  readonly plan: { readonly digest: string; readonly page: string }
  readonly resubmittedFrom: Changed | null
}

/** Follows a request until it has a status. */
async function follow(world: ReleaseWorld, part: Part, id: string, status: string): Promise<void> {
  const subscriber = await subscribeBySse(
    world.url,
    world.token(part),
    'subscription ($id: ID!) { signingRequest(id: $id) { status isFinalStatus } }',
    { id },
  )
  const reached = await until(`the request is ${status}, or over`, () =>
    subscriber.results
      .map(({ data }) => data.signingRequest)
      .find((shown) => shown.status === status || shown.isFinalStatus),
  )
  subscriber.end()
  expect(reached.status).toBe(status)
}

async function download(client: ServiceClient, id: string, file: string): Promise<string> {
  const { signingRequest } = await client.ask<{ signingRequest: { signedArtifactLink: string } }>(
    'query ($id: ID!) { signingRequest(id: $id) { signedArtifactLink } }',
    { id },
  )
  writeFileSync(file, await client.download(signingRequest.signedArtifactLink))
  return file
}
