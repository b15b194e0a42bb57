import { createHash } from 'node:crypto'
import { withComposedPlan } from '../artifacts/index.ts'
import type { SigningPlan, SigningRequestId } from '../domain/index.ts'
import type { Answer } from '../test/support/ask-graphql.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../test/support/graphql-server.ts'
import { archiveTree, signedWithoutKey } from '../test/support/plan-tree.ts'
import { withFolder } from './folder.ts'
import type { LargePlanFigures } from './large-plan.ts'
import { median, quantile } from './median.ts'

const pageSize = 100
const pagesRead = 60

/**
 * Takes a request with a plan of so many files through everything but the signing itself: the plan is put together and
 * stored, pages of it are read at random places, two people approve it, it is put together again and compared as the signer
 * does, and the manifest of as many signed files is stored, recorded and read. All of it in this process.
 */
async function takeThrough(archives: number, programsEach: number): Promise<LargePlanFigures> {
  return withFolder(async (folder) => {
    const server = await openGraphQLServer(folder, { maximumArtifactSize: 1024 ** 3 })
    try {
      const size = { archives, programsEach }
      const id = await server.submit()
      const [digest, planSeconds] = await timed(() => server.plan(id, archiveTree(size)))
      await server.caughtUp()

      const pageTimes: number[] = []
      const nodes = 1 + archives * (2 + programsEach)
      for (let page = 0; page < pagesRead; page++) {
        const after = cursor(`nodes ${digest}`, Math.floor(random(page) * (nodes - pageSize - 1)))
        pageTimes.push(
          await readPage(server, id, `plan { nodes(first: ${pageSize}, after: "${after}") ${planFields} }`),
        )
      }
      const files = archives * programsEach
      for (let page = 0; page < pagesRead; page++) {
        const after = cursor(`files ${digest}`, Math.floor(random(page) * (files - pageSize - 1)))
        pageTimes.push(
          await readPage(server, id, `plan { files(first: ${pageSize}, after: "${after}") ${planFields} }`),
        )
      }
      for (const approver of server.approvers.slice(0, 2))
        required(await server.ask(approver, approve, { input: { signingRequestId: id, planDigest: digest } }))

      const [, manifestSeconds] = await timed(async () => {
        const { pages: _, ...plan } = JSON.parse(await planHead(server, id)) as SigningPlan & {
          readonly pages: unknown
        }
        await withComposedPlan(plan, archiveTree(size), { folder }, async (composed) => {
          if (composed.digest !== digest) throw new Error('the plan made again is another one')
          await server.complete(id, digest, signedWithoutKey(composed.entries()))
        })
      })
      await server.caughtUp()
      const manifest = await manifestDigest(server, id)
      for (let page = 0; page < pagesRead; page++) {
        const after = cursor(`signed ${manifest}`, Math.floor(random(page) * (files - pageSize - 1)))
        const field = `manifest { files(first: ${pageSize}, after: "${after}") { nodes { path signedSha256 } } }`
        pageTimes.push(await readPage(server, id, field))
      }
      return {
        files,
        planSeconds,
        manifestSeconds,
        pageMs: quantile(pageTimes, 0.95),
        medianPageMs: median(pageTimes),
        peakMebibytes: process.resourceUsage().maxRSS / 1024,
      }
    } finally {
      await server.close()
    }
  })
}

const planFields = '{ nodes { path kind outcome sha256 size descendantCount directives { directive } } }'
const approve = 'mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }'

async function readPage(server: GraphQLTestServer, id: SigningRequestId, field: string): Promise<number> {
  const [answer, seconds] = await timed(() =>
    server.ask(server.submitter, `{ signingRequest(id: "${id}") { ${field} } }`),
  )
  const { plan, manifest } = required(answer).signingRequest
  const { nodes } = plan?.nodes ?? plan?.files ?? manifest.files
  if (nodes.length !== pageSize) throw new Error(`a page has ${nodes.length} entries`)
  return seconds * 1_000
}

async function manifestDigest(server: GraphQLTestServer, id: SigningRequestId): Promise<string> {
  const query = `{ signingRequest(id: "${id}") { status manifest { digest } } }`
  const { status, manifest } = required(await server.ask(server.submitter, query)).signingRequest
  if (status !== 'Completed') throw new Error(`the request is ${status}`)
  return manifest.digest
}

async function planHead(server: GraphQLTestServer, id: SigningRequestId): Promise<string> {
  const query = `{ signingRequest(id: "${id}") { plan { document } } }`
  return required(await server.ask(server.submitter, query)).signingRequest.plan.document
}

function required({ data, errors }: Answer) {
  if (errors !== undefined) throw new Error(errors[0]?.message)
  return data
}

/** As the service gives them out. */
function cursor(list: string, number: number): string {
  return Buffer.from(JSON.stringify([String(number), list])).toString('base64url')
}

/** From 0 to 1, the same in every run. */
function random(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUInt32BE(0) / 2 ** 32
}

async function timed<Result>(work: () => Promise<Result>): Promise<readonly [Result, number]> {
  const start = performance.now()
  const result = await work()
  return [result, (performance.now() - start) / 1_000]
}

process.stdout.write(JSON.stringify(await takeThrough(100, 1_000)), () => process.exit(0))
