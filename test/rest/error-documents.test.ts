import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { describedApi, operationsById } from '../support/described-operations.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../support/graphql-server.ts'
import { answerChecker } from '../support/rest-document.ts'
import { refusalOf, refusedCalls } from '../support/rest-errors.ts'

// What clients are shown when they are refused. `UPDATE_ERROR_DOCUMENTS=1` writes what is answered now: read the difference.
const file = join(import.meta.dirname, 'error-documents.json')
const root = join(import.meta.dirname, '../..')
const recorded = () => JSON.parse(readFileSync(file, 'utf8'))

/** What a server of this test refuses nobody with: limits of its own, calls at the same time, and states that take a signed request. */
const elsewhere: ReadonlySet<string> = new Set([
  ...['TOO_MANY_REQUESTS', 'TOO_MANY_UPLOADS', 'IDEMPOTENCY_KEY_IN_USE', 'UPLOAD_INCOMPLETE', 'CHANGE_TOO_LARGE'],
  ...['PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE', 'NOT_WAITING_FOR_APPROVAL', 'CERTIFICATE_NOT_ISSUED'],
  'GPG_PUBLIC_KEY_NOT_FOUND',
])

describe('the error documents of REST', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  let server: GraphQLTestServer & { readonly close: () => Promise<void> }
  let check: ReturnType<typeof answerChecker>
  beforeAll(async () => {
    server = await openGraphQLServer(folder, { register: (http, _application, rest) => registerRest(http, rest) })
    check = answerChecker(server)
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('are those of the golden file', async () => {
    const documents: Record<string, unknown> = {}
    for (const [what, call] of Object.entries(refusedCalls)) documents[what] = await refusalOf(server, call, check)
    if (process.env.UPDATE_ERROR_DOCUMENTS === '1') writeFileSync(file, `${JSON.stringify(documents, null, 2)}\n`)
    expect(documents).toEqual(recorded())
  })

  it('are there for every code that REST itself refuses with', () => {
    const shown = new Set(Object.values<Problem>(recorded()).map(({ code }) => code))
    const source = globSync('rest/**/*.ts', { cwd: root, exclude: ['rest/http-status.ts'] })
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('')
    const ofRest = [...operationsById(describedApi()).values()]
      .flatMap((operation) => operation['x-refusals'].map((code) => ({ code, by: operation.operationId })))
      .filter(({ code }) => source.includes(`'${code}'`) && !elsewhere.has(code))
    expect(ofRest.length).toBeGreaterThan(500)
    expect(ofRest.filter(({ code }) => !shown.has(code))).toEqual([])
  })

  it('name what is wrong and what would be right', () => {
    for (const [what, { detail, status, code, errors }] of Object.entries<Problem>(recorded())) {
      expect([what, code, status >= 400 && status < 500]).toEqual([what, expect.stringMatching(/^[A-Z_]+$/), true])
      expect([what, detail.length > 20]).toEqual([what, true])
      if (code === 'INPUT_MALFORMED') expect([what, Object.keys(errors ?? {})]).not.toEqual([what, []])
      if (code === 'FORBIDDEN') expect([what, detail]).toEqual([what, expect.stringMatching(/role|Ask/)])
    }
  })
})

type Problem = { detail: string; status: number; code: string; errors?: object }
