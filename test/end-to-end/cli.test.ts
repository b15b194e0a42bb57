import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableName } from '../../projections/table-names.ts'
import { readModelVersion } from '../../projections/tables.ts'
import { makeDemo } from '../support/make-demo.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { realPrograms } from '../support/programs.ts'
import { type RunOptions, runCommand } from '../support/run-command.ts'
import { type ServiceProcess, startServe } from '../support/service-processes.ts'
import { until } from '../support/until.ts'

const main = join(import.meta.dirname, '../../cli/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const data = join(folder, 'data')
const release = ['--project', 'demo', '--policy', 'release-signing']
let service: ServiceProcess

beforeAll(async () => {
  copyFileSync((await realPrograms()).pe32plus, join(folder, 'program.exe'))
  await makeDemo(data)
  service = await startServe({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' })
}, 180_000)

afterAll(async () => {
  await service?.end('SIGTERM')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

function countersign(args: readonly string[], options: RunOptions = {}) {
  return runCommand(args, { environment: { COUNTERSIGN_DATA: data }, workingDirectory: folder, ...options })
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await countersign([...args, '--json'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout) as Record<string, unknown>
}

/** Runs a command that works inside the server's composition, in a process of its own as on a server. */
async function onServer(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--json'], {
    env: { ...process.env, COUNTERSIGN_DATA: data },
  })
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Submits to the release policy and waits until it is waiting. */
async function waitingRequest(): Promise<{ id: string; digest: string }> {
  const { signingRequestId } = await json('sign', 'program.exe', ...release, '--no-wait')
  const id = String(signingRequestId)
  const plan = await until('the plan', async () => {
    const { status, plan } = await json('request', 'show', id)
    return status === 'WaitingForApproval' && (plan as { digest: string })
  })
  return { id, digest: plan.digest }
}

/** Signs a file in its place under the policy that asks nobody. */
function signForTests(file: string, ...options: readonly string[]) {
  return countersign(['sign', file, '--project', 'demo', '--policy', 'test-signing', '--out', file, ...options])
}

/** Verifies a file by the certificate that the command line downloads, as others would. */
async function verdict(file: string, policy: string) {
  const { certificates } = (await json('certificate', 'list')) as {
    certificates: { name: string; certificateId: string }[]
  }
  const certificate = certificates.find(({ name }) => name === policy)
  await json('certificate', 'download', certificate?.certificateId ?? '', '--out', `${policy}.pem`)
  const timeStampRoot = join(data, 'time-stamp-authority', 'root.pem')
  return osslsigncodeVerify(join(folder, file), join(folder, `${policy}.pem`), timeStampRoot)
}

describe('the command line and the embedded service', () => {
  it('sign a real program that others accept, and none with a flipped byte', async () => {
    const args = ['sign', 'program.exe', '--project', 'demo', '--policy', 'test-signing', '--out', 'signed.exe']
    const ran = await countersign(args)
    expect(ran).toMatchObject({ code: 0 })
    expect(await verdict('signed.exe', 'test-signing')).toMatchObject({ ok: true, signatures: 1 })
    const bytes = readFileSync(join(folder, 'signed.exe'))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(join(folder, 'flipped.exe'), bytes)
    expect(await verdict('flipped.exe', 'test-signing')).toMatchObject({ ok: false })
  })

  it('wait for two people, through a crash of the service', async () => {
    let printed = ''
    const note = ({ stderr }: { stderr: string }) => {
      printed = stderr
    }
    const signing = countersign(['sign', 'program.exe', ...release, '--out', 'released.exe'], { printed: note })
    const id = await until('the id', () => /Signing request (\S+)/.exec(printed)?.[1])
    await until('the wait', () => printed.includes('Waiting for 2 of: Approver 1, Approver 2, Approver 3'))
    const { port } = new URL(service.url)
    await service.end('SIGKILL')
    await until('the note', () => printed.includes('cannot be reached'))
    service = await startServe({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: port })

    const shown = await countersign(['request', 'approve', id, '--as', 'approver-1'], { answers: ['y'] })
    expect(shown).toMatchObject({ code: 0 })
    const digest = /^plan +([0-9a-f]{64})$/m.exec(shown.stdout)?.[1] ?? ''
    await until('the first approval', () => printed.includes('Approved by Approver 1'))
    const second = await countersign(['request', 'approve', id, '--plan-digest', digest, '--as', 'approver-3'])
    expect(second).toMatchObject({ code: 0 })
    expect(await signing).toMatchObject({ code: 0 })
    expect(await verdict('released.exe', 'release-signing')).toMatchObject({ ok: true, signatures: 1 })
    const { events } = (await json('request', 'show', id)) as { events: { type: string }[] }
    expect(events.filter(({ type }) => type === 'SigningRequestCompleted')).toHaveLength(1)
  }, 120_000)

  it('refuse, each by its code, what may not be', async () => {
    const { id, digest } = await waitingRequest()
    const approve = (user: string, planDigest = digest) =>
      countersign(['request', 'approve', id, '--plan-digest', planDigest, '--as', user])
    expect((await approve('ci')).stderr).toContain('error: SUBMITTER_MAY_NOT_APPROVE: ')
    // The administrator answers for the CI user.
    expect((await approve('administrator')).stderr).toContain('error: SUBMITTER_MAY_NOT_APPROVE: ')
    expect((await approve('approver-1', '0'.repeat(64))).stderr).toContain('error: PLAN_DIGEST_MISMATCH: ')
    expect(await approve('approver-1')).toMatchObject({ code: 0 })
    const again = await approve('approver-1')
    expect(again).toMatchObject({ code: 6 })
    expect(again.stderr).toContain('error: ALREADY_APPROVED: ')
    expect(await countersign(['request', 'cancel', id, '--as', 'approver-2'])).toMatchObject({ code: 6 })
    expect(await countersign(['request', 'deny', id, '--as', 'approver-2'])).toMatchObject({ code: 0 })
    expect((await approve('approver-3')).stderr).toContain('error: SIGNING_REQUEST_FINAL: ')
    const download = await countersign(['request', 'download', id, '--out', 'denied.exe'])
    expect(download).toMatchObject({ code: 4 })
    expect(existsSync(join(folder, 'denied.exe'))).toBe(false)
    const stranger = { COUNTERSIGN_DATA: data, COUNTERSIGN_TOKEN: 'no-token-of-anybody' }
    expect(await countersign(['request', 'list'], { environment: stranger })).toMatchObject({ code: 7 })
  })

  it('end the wait with the outcome of the request', async () => {
    for (const [decision, user, code] of [
      ['deny', 'approver-2', 4],
      ['cancel', 'ci', 5],
    ] as const) {
      const { id } = await waitingRequest()
      const watching = countersign(['request', 'watch', id])
      expect(await countersign(['request', decision, id, '--as', user])).toMatchObject({ code: 0 })
      expect(await watching).toMatchObject({ code })
    }
    // Its beginning is that of any program; what is wrong is seen when all of it is there.
    const bytes = readFileSync(join(folder, 'signed.exe'))
    const signedDataId = Buffer.from('06092a864886f70d010702', 'hex')
    bytes.writeUInt8(0x7f, bytes.indexOf(signedDataId) + signedDataId.length - 1)
    writeFileSync(join(folder, 'broken.exe'), bytes)
    const failing = await signForTests('broken.exe', '--existing-signatures', 'append')
    expect(failing).toMatchObject({ code: 3 })
    expect(failing.stderr).toContain('AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED')
    expect(readFileSync(join(folder, 'broken.exe'))).toEqual(bytes)
  })

  it('refuse what is no program before it is uploaded', async () => {
    writeFileSync(join(folder, 'text.exe'), 'This is no program.')
    const refused = await signForTests('text.exe')
    expect(refused).toMatchObject({ code: 6 })
    expect(refused.stderr).toContain('error: FORMAT_NOT_SUPPORTED: ')
    expect(refused.stderr).not.toContain('Uploading')
    expect(readFileSync(join(folder, 'text.exe'), 'utf8')).toBe('This is no program.')
  })

  it('find requests by what is asked for', async () => {
    const denied = (await json('request', 'list', '--status', 'denied')) as { signingRequests: { status: string }[] }
    expect(new Set(denied.signingRequests.map(({ status }) => status))).toEqual(new Set(['Denied']))
    const none = await json('request', 'list', '--since', '2100-01-01')
    expect(none).toEqual({ signingRequests: [], more: false })
    const ofTest = await json('request', 'list', '--project', 'demo', '--policy', 'test-signing', '--limit', '1')
    expect(ofTest).toMatchObject({ signingRequests: [{ signingPolicy: { slug: 'test-signing' } }], more: true })
  })

  it('answer the same from a read model that was made anew', async () => {
    const ask = async () => [
      await json('request', 'list'),
      await json('policy', 'list'),
      await json('certificate', 'list'),
    ]
    const before = await ask()
    const { events } = await onServer('projections', 'rebuild')
    expect(events).toBeGreaterThan(30)
    expect(await ask()).toEqual(before)
  })

  it('make somebody administrator on the server, whose token works then, and prove whose an account is', async () => {
    const { users } = (await json('user', 'list')) as { users: { userId: string; name: string }[] }
    const { organizationId } = await json('organization', 'change-control')
    const out = join(folder, 'operator.json')
    const appoint = (...args: readonly string[]) =>
      onServer('organization', 'add-administrator', String(organizationId), ...args)
    const added = await appoint('--name', 'Zoe', '--out', out)
    expect(added).toEqual({ userId: expect.any(String), credentialsFile: out })
    const { token } = JSON.parse(readFileSync(out, 'utf8')).users.administrator
    const byZoe = { environment: { COUNTERSIGN_DATA: data, COUNTERSIGN_TOKEN: token } }
    const shown = (userId: string) =>
      until('the read model', async () => {
        const ran = await countersign(['user', 'show', userId, '--json'], byZoe)
        return ran.code === 0 && JSON.parse(ran.stdout)
      })
    expect(await shown(String(added.userId))).toMatchObject({ name: 'Zoe', roles: ['globalAdministrator'] })
    const approver = users.find(({ name }) => name === 'Approver 2')?.userId ?? ''
    expect(await appoint('--user', approver)).toEqual({ userId: approver, credentialsFile: null })

    const invited = await countersign(['user', 'invite', 'ines@example.org', '--json'], byZoe)
    const { userId, token: invitation } = JSON.parse(invited.stdout)
    const early = onServer('user', 'prove-address', userId)
    await expect(early).rejects.toMatchObject({ stderr: expect.stringContaining('USER_INVITED') })
    const byInes = { environment: { COUNTERSIGN_DATA: data, COUNTERSIGN_INVITATION: invitation } }
    expect(await countersign(['user', 'accept-invitation'], byInes)).toMatchObject({ code: 0 })
    expect(await onServer('user', 'prove-address', userId)).toMatchObject({ userId })
    const isProved = await until('the proof', async () => (await shown(userId)).invitation.addressProved)
    expect(isProved).toBe(true)
  })

  it('find nothing to resume while every workflow runs', async () => {
    const { id } = await waitingRequest()
    expect(await onServer('request', 'resume')).toEqual({ unfinished: 1, started: [] })
    expect(await countersign(['request', 'cancel', id])).toMatchObject({ code: 0 })
  })

  it('replay the log to the states that the read model has, and name what it has otherwise', async () => {
    type Replayed = { events: number; states: { streamId: string; state: object }[]; differences: object[] | null }
    const replay = async (...args: readonly string[]) => (await onServer('audit', 'replay', ...args)) as Replayed
    const { events, states, differences } = await replay('--compare')
    expect(events).toBeGreaterThan(30)
    expect(differences).toEqual([])

    const project = states.find(({ streamId }) => streamId.startsWith('project-'))
    const one = await replay('--stream', project?.streamId ?? '')
    expect(one).toMatchObject({ states: [project], differences: null })
    expect(await replay('--until', '2020-01-01')).toMatchObject({ events: 0, states: [], differences: null })

    const database = new DatabaseSync(join(data, 'read-model.db'))
    const projects = tableName(readModelVersion, 'live', 'projects')
    const forge = (from: string, to: string) =>
      database.prepare(`UPDATE ${projects} SET state = replace(state, ?, ?)`).run(from, to)
    try {
      forge('Made at the first start', 'Forged')
      const forged = await onServer('audit', 'replay', '--compare').catch(({ code, stdout }) => [code, stdout])
      const [code, stdout] = forged as [number, string]
      expect(code).toBe(10)
      expect(JSON.parse(stdout)).toMatchObject({ differences: [{ streamId: project?.streamId, path: 'description' }] })
    } finally {
      forge('Forged', 'Made at the first start')
      database.close()
    }
    expect((await replay('--compare')).differences).toEqual([])
  })

  it('let an auditor take the log elsewhere, of the organization or whole, and check it there to the same states', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'countersign-'))
    try {
      copyFileSync(join(data, 'installation-key.pem'), join(elsewhere, 'key.pem'))
      const file = join(elsewhere, 'log.jsonl')
      const replayed = async () => {
        const args = ['audit', 'replay', '--from-export', file, '--installation-key', join(elsewhere, 'key.pem')]
        const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--json'], {
          env: { ...process.env, COUNTERSIGN_DATA: join(elsewhere, 'data') },
        })
        return JSON.parse(stdout)
      }
      const { states } = await onServer('audit', 'replay')
      await onServer('audit', 'export', '--whole-log', '--output', file)
      const whole = await replayed()
      expect(whole).toMatchObject({ file: { organizationId: null, faultCount: 0 }, signatures: { faultCount: 0 } })
      expect(whole.states).toEqual(states)
      // What the token's user may not see of others is in it nevertheless sealed: there is one organization.
      await json('audit', 'export', '--as', 'administrator', '--output', file)
      const own = await replayed()
      expect(own).toMatchObject({ file: { faultCount: 0 }, signatures: { faultCount: 0 } })
      expect(own.states).toEqual(states)
      expect(own.signatures.appends).toBeGreaterThan(10)
    } finally {
      rmSync(elsewhere, { recursive: true, force: true })
    }
  })

  it('show what happened to a request and to a policy, and who was refused what', async () => {
    const { signingRequests } = (await json('request', 'list', '--limit', '1', '--status', 'Completed')) as {
      signingRequests: { signingRequestId: string }[]
    }
    type Changes = { history: { event: { type: string }; changes: { path: string; after: unknown }[] }[] }
    const of = async (kind: string, id: string) =>
      (await json('audit', 'history', kind, id, '--as', 'administrator')) as Changes
    const { history } = await of('request', signingRequests[0]?.signingRequestId ?? '')
    const completed = history.at(-1)
    expect(completed?.event.type).toBe('SigningRequestCompleted')
    expect(completed?.changes).toContainEqual(expect.objectContaining({ path: 'workflowStatus', after: 'Completed' }))
    const { signingPolicies } = (await json('policy', 'list')) as { signingPolicies: { signingPolicyId: string }[] }
    const policy = await of('policy', signingPolicies[0]?.signingPolicyId ?? '')
    expect(policy.history[0]?.event.type).toBe('SigningPolicyCreated')
    const refused = await countersign(['audit', 'security', '--as', 'ci'])
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('FORBIDDEN') })
    const shown = await until('the refusal is listed', async () => {
      const { refusals } = (await json('audit', 'security', '--as', 'administrator')) as {
        refusals: { code: string }[]
      }
      return refusals.some(({ code }) => code === 'FORBIDDEN')
    })
    expect(shown).toBe(true)
  })

  it('hand back the submitted bytes', async () => {
    const { signingRequests } = (await json('request', 'list', '--limit', '1', '--status', 'Completed')) as {
      signingRequests: { signingRequestId: string }[]
    }
    const id = signingRequests[0]?.signingRequestId ?? ''
    await json('request', 'download', id, '--unsigned', '--out', 'unsigned.exe')
    expect(readFileSync(join(folder, 'unsigned.exe'))).toEqual(readFileSync(join(folder, 'program.exe')))
  })
})
