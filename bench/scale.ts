import { randomUUID } from 'node:crypto'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { type Caller, createApplication } from '../application/index.ts'
import type { Setup } from '../application/setup.ts'
import type { ApiTokenId, UserId } from '../domain/index.ts'
import { sealedNobody } from '../test/support/persons.ts'
import { withFolder } from './folder.ts'
import { median } from './median.ts'
import { completedRequest, recordedAs } from './request-history.ts'
import { addProject, anyOf, type Installation, openInstallation } from './scale-installation.ts'

/** What one thing costs at both sizes, in milliseconds: the median of many. */
export type ScaleFigure = { readonly work: string; readonly smallMs: number; readonly largeMs: number }

/** Each is measured so often; both sizes by turns, so that other load of the machine falls on both. */
const rounds = 40

/** Something that is measured, given a number that no two calls share. */
type Work = (installation: Installation, number: number) => Promise<unknown>

/**
 * Measures what must not depend on how many users and projects there are: authentication, submission, an event's way to a
 * subscriber, a query by slugs, and another project with its policy.
 */
export async function measureScale(small = 10, large = 10_000): Promise<readonly ScaleFigure[]> {
  return withFolder(async (folder) => {
    const installations = [
      await openInstallation(`${folder}/small`, small),
      await openInstallation(`${folder}/large`, large),
    ] as const
    try {
      const figures: ScaleFigure[] = []
      for (const [work, { times, run }] of Object.entries(works)) {
        const [smallMs, largeMs] = await compare(installations, times, run)
        figures.push({ work, smallMs, largeMs })
      }
      return figures
    } finally {
      for (const { close } of installations) await close()
    }
  })
}

/** One document for all projects, as clients send it: an API that has it parsed and validated already does not do so again. */
const policyBySlugs = `query ($project: String!, $signingPolicy: String!) {
  project(slug: $project) { name signingPolicies { slug } }
  signingRequests(first: 5, filter: { project: $project, signingPolicy: $signingPolicy }) { nodes { status } }
}`

/** What is measured, and how often in a row. */
const works: Readonly<Record<string, { readonly times: number; readonly run: Work }>> = {
  authentication: {
    times: 50,
    run: async ({ dependencies, users }, number) =>
      createApplication(dependencies).authenticate({ apiToken: anyOf(users, number).token }, '192.0.2.1'),
  },
  submission: {
    times: 5,
    run: ({ dependencies, setup, users }, number) =>
      createApplication(dependencies).submitSigningRequest(caller(setup, anyOf(users, number).userId), {
        project: `project-${number % users.length}`,
        signingPolicy: 'release',
        source: { kind: 'uploadedFile', uploadId: 'bench' },
        description: null,
      }),
  },
  'event appended → answer of a subscription': {
    times: 5,
    async run({ log, setup, subscriber }) {
      const [submitted] = completedRequest(setup.organizationId)
      if (submitted === undefined) throw new Error('A request has events.')
      const answer = subscriber.next()
      await log.append(submitted.streamId, [recordedAs(submitted, setup.organizationId)], 'noStream')
      await answer
    },
  },
  'query of a policy by slugs': {
    times: 5,
    run: ({ graphql, users }, number) =>
      graphql.ask(policyBySlugs, { project: `project-${number % users.length}`, signingPolicy: 'release' }),
  },
  'new project with a policy': {
    times: 5,
    run: (installation, number) => addProject(installation, `new-${number}`, anyOf(installation.users, number).userId),
  },
}

async function compare(
  installations: readonly [Installation, Installation],
  times: number,
  run: Work,
): Promise<readonly [number, number]> {
  const samples = installations.map((): number[] => [])
  let number = 0
  for (let round = 0; round < rounds; round += 1)
    for (const [index, installation] of installations.entries()) {
      // The next round's readers and writers find nothing left of the last one's to do.
      await eventLoopTurn()
      const start = performance.now()
      for (let time = 0; time < times; time += 1) {
        number += 1
        await run(installation, number * 7919)
      }
      samples[index]?.push((performance.now() - start) / times)
    }
  // The first rounds run code that is not compiled yet.
  const [small = Number.NaN, large = Number.NaN] = samples.map((each) => median(each.slice(rounds / 4)))
  return [small, large]
}

/** As authentication answers it. */
function caller({ organizationId }: Setup, userId: UserId): Caller {
  return {
    organizationId,
    userId,
    kind: 'interactive',
    person: sealedNobody,
    roles: [],
    scope: null,
    authentication: { method: 'apiToken', tokenId: randomUUID() as ApiTokenId },
    remoteAddress: undefined,
    callId: randomUUID(),
  }
}
