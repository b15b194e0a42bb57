import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createApplication } from '../../application/index.ts'
import { fold, streams, type TrustedBuildSystemId, trustedBuildSystemDecider } from '../../domain/index.ts'
import { openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { administratorsInLog } from '../support/submitters-in-log.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

type Process = TestApplication['application']

/** The same organization in another process: a log of its own over the same file. */
function secondProcess({ dependencies, logPath }: TestApplication): Process {
  const log = openSqliteEventLog({ path: logPath })
  onTestFinished(() => log.close())
  return createApplication({ ...dependencies, log, administrators: administratorsInLog(log) })
}

const slugs = ['jenkins', 'Jenkins', 'gitlab'] as const
const steps = ['create', 'rotate', 'disable', 'enable', 'link', 'unlink'] as const
const step = fc.record({
  what: fc.constantFrom(...steps),
  slug: fc.constantFrom(...slugs),
  process: fc.constantFrom(0, 1),
})

it('under random commands at the same moment in two processes has one slug each, and no token that was replaced works', async () => {
  const test = await testApplication()
  const ada = await test.user('Ada', 'globalAdministrator')
  const { projectId } = await test.policy({ submitters: [] })
  const processes = [test.application, secondProcess(test)] as const
  const { log } = test.dependencies
  /** Ids by slug, and every token that was shown, by the id of its build system. */
  const known = new Map<string, TrustedBuildSystemId>()
  const shown = new Map<TrustedBuildSystemId, string[]>()

  async function run(round: number, { what, slug, process }: { what: string; slug: string; process: number }) {
    const application = processes[process === 0 ? 0 : 1]
    const named = `${slug}-${Math.floor(round / 4)}`
    if (what === 'create') {
      const made = await application.createTrustedBuildSystem(ada, {
        slug: named,
        name: named,
        description: null,
        kind: 'custom',
      })
      // Of one slug, in whatever case, there is one build system.
      expect(known.has(named.toLowerCase())).toBe(false)
      known.set(named.toLowerCase(), made.trustedBuildSystemId)
      shown.set(made.trustedBuildSystemId, [made.token])
      return
    }
    const trustedBuildSystemId = known.get(named.toLowerCase())
    if (trustedBuildSystemId === undefined) return
    const of = { trustedBuildSystemId }
    if (what === 'disable') await application.disableTrustedBuildSystem(ada, { ...of, reason: null })
    if (what === 'enable') await application.enableTrustedBuildSystem(ada, of)
    if (what === 'link') await application.linkTrustedBuildSystem(ada, { ...of, projectId })
    if (what === 'unlink') await application.unlinkTrustedBuildSystem(ada, { ...of, projectId })
    if (what !== 'rotate') return
    const { token } = await application.rotateTrustedBuildSystemToken(ada, { ...of, previousTokenValidUntil: null })
    shown.get(trustedBuildSystemId)?.push(token)
  }

  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (chosen) => {
      round += 1
      const codes = await Promise.all(chosen.map((each) => codeOf(run(round, each))))
      for (const code of codes) expect(code).toMatch(/^(done|TRUSTED_BUILD_SYSTEM_\w+)$/)
      for (const [id, tokens] of shown) {
        const { events } = await readWholeStream(log, streams.trustedBuildSystem(id))
        const system = fold(trustedBuildSystemDecider, events)
        if (system.status === 'none') throw new Error('It is not there')
        expect(system.tokens).toHaveLength(tokens.length)
        // One token works at the most, the newest; every other one is refused in both processes for good.
        const answers = await Promise.all(
          tokens.flatMap((trustedBuildSystemToken) =>
            processes.map((each) =>
              codeOf(each.authenticate({ apiToken: ada.token, trustedBuildSystemToken }, undefined)),
            ),
          ),
        )
        const working = answers.filter((code) => code !== 'TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
        const expected = system.status === 'enabled' ? 'done' : 'TRUSTED_BUILD_SYSTEM_DISABLED'
        expect(working).toEqual([expected, expected])
      }
    }),
    { numRuns: 20 },
  )
  expect(new Set(known.values()).size).toBe(known.size)
  expect([...shown.values()].flat().length).toBeGreaterThan(known.size)
}, 240_000)
