import { join } from 'node:path'
import { expect } from 'vitest'
import { runCommand } from '../run-command.ts'
import { until } from '../until.ts'
import { digestOf, type Part, type Released, type ReleaseWorld } from './world.ts'

/** Takes a program through the scenario by `countersign`. */
export async function releaseByCommands(world: ReleaseWorld, program: string): Promise<Released> {
  const { folder, candidatePolicy, releasePolicy } = world
  const run = (part: Part, ...args: readonly string[]) =>
    runCommand(args, {
      environment: { COUNTERSIGN_URL: world.url, COUNTERSIGN_TOKEN: world.token(part) },
      workingDirectory: folder,
    })
  const answered = async (part: Part, ...args: readonly string[]) => {
    const ran = await run(part, ...args, '--json')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    return JSON.parse(ran.stdout)
  }

  // 1. The pipeline has the candidate signed for tests.
  const of = ['--project', 'demo', '--policy', candidatePolicy, '--description', 'Release candidate 3']
  const key = ['--idempotency-key', 'candidate by command']
  const candidateFile = join(folder, 'candidate-by-command.exe')
  const candidate = await answered('pipeline', 'sign', program, ...of, ...key, '--out', candidateFile)

  // 2. It is tested.
  await world.requireSigned(candidateFile, candidatePolicy)

  // 3. The tests passed: the same artifact is submitted for its release.
  const { signingRequestId: releaseId, resubmittedFrom } = await answered(
    'tests',
    ...['request', 'resubmit', candidate.signingRequestId, '--policy', releasePolicy],
    ...['--description', 'Release 3, tests passed'],
  )
  expect(resubmittedFrom).toBe(candidate.signingRequestId)
  const releaseFile = join(folder, 'release-by-command.exe')
  const end = answered('tests', 'sign', '--attach', releaseId, '--out', releaseFile)

  // 4. The release tool finds it, and looks at what would be signed.
  const filter = ['--project', 'demo', '--policy', releasePolicy, '--status', 'WaitingForApproval']
  await until('the request waits for approval', async () => {
    const { signingRequests } = await answered('releaseTool', 'request', 'list', ...filter)
    return signingRequests.some((each: { readonly signingRequestId: string }) => each.signingRequestId === releaseId)
  })
  const { plan } = await answered('releaseTool', 'request', 'show', releaseId)
  expect(plan.files).toMatchObject([{ path: ['setup.exe'], sha256: digestOf(program) }])

  // 5. Who submitted it does not bring the end about.
  const approve = ['request', 'approve', releaseId, '--plan-digest', plan.digest, '--comment', 'tests passed']
  const refused = await run('tests', ...approve)
  expect(refused).toMatchObject({ code: 6, stdout: '' })
  expect(refused.stderr).toContain('error: SUBMITTER_MAY_NOT_APPROVE: ')
  expect(await answered('releaseTool', ...approve)).toMatchObject({ planDigest: plan.digest })

  // 6. What was released.
  expect(await end).toMatchObject({
    signingRequestId: releaseId,
    out: releaseFile,
    signingRequest: { status: 'Completed' },
  })
  return { candidateId: candidate.signingRequestId, releaseId, candidate: candidateFile, release: releaseFile }
}
