import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { newInstallationKey } from '../../server/event-keys.ts'
import { collect } from '../support/event-log/events.ts'
import { createStore, startEventStoreDbStandIn } from '../support/eventstoredb-stand-in/index.ts'
import { runCommand } from '../support/run-command.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

afterEach(() => vi.unstubAllEnvs())

/** The data directory of an installation with an organization and its administrator, and a folder beside it. */
async function installation(): Promise<{ readonly data: string; readonly folder: string }> {
  const [data, folder] = [temporaryFolder(), temporaryFolder()]
  vi.stubEnv('COUNTERSIGN_DATA', data)
  expect(await runCommand(['init', '--administrator', 'Ada Admin'])).toMatchObject({ code: 0 })
  return { data, folder }
}

const exported = (workingDirectory: string) =>
  runCommand(['audit', 'export', '--whole-log', '--output', 'log.jsonl', '--json'], { workingDirectory })

const replayed = async (workingDirectory: string, ...options: readonly string[]) => {
  const args = ['audit', 'replay', '--from-export', 'log.jsonl', '--json', ...options]
  const { code, stdout, stderr } = await runCommand(args, { workingDirectory })
  return { code, stderr, ...(stdout === '' ? {} : JSON.parse(stdout)) }
}

describe('the export of the whole log', () => {
  it('is saved with its size, or written to standard output', async () => {
    const { folder } = await installation()
    const { code, stdout } = await exported(folder)
    const text = readFileSync(join(folder, 'log.jsonl'), 'utf8')
    const { output, events, size, sha256 } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(output).toBe(join(folder, 'log.jsonl'))
    expect(events).toBe(text.trimEnd().split('\n').length - 2)
    expect(size).toBe(Buffer.byteLength(text))
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    const printed = await runCommand(['audit', 'export', '--whole-log'])
    expect(printed).toMatchObject({ code: 0, stderr: '' })
    const untimed = (whole: string) =>
      whole.split('\n').map((line) => line.replace(/"(previous|exportedAt)":"[^"]+"/g, ''))
    expect(untimed(printed.stdout)).toEqual(untimed(text))
    expect(text).not.toContain('Ada')
  })

  it('is replayed offline to the states and signatures of the log, by the installation key alone', async () => {
    const { data, folder } = await installation()
    await exported(folder)
    const fromLog = JSON.parse((await runCommand(['audit', 'replay', '--json'])).stdout)
    copyFileSync(join(data, 'installation-key.pem'), join(folder, 'key.pem'))
    vi.stubEnv('COUNTERSIGN_DATA', temporaryFolder())
    const { code, file, ...rest } = await replayed(folder, '--installation-key', 'key.pem')
    expect(code).toBe(0)
    expect(file).toMatchObject({ organizationId: null, faultCount: 0, faults: [] })
    expect({ file: null, ...rest, stderr: undefined }).toEqual(fromLog)
    expect(fromLog.signatures).toMatchObject({ faultCount: 0 })
    expect(fromLog.states.length).toBeGreaterThan(0)
  })

  it('shows what somebody changed in the log, and in the export, where it is', async () => {
    const { data, folder } = await installation()
    tamper(join(data, 'event-log.db'), [
      `UPDATE events SET data = replace(data, '"name":', '"name": ') WHERE type = 'OrganizationCreated'`,
    ])
    await exported(folder)
    const { code, file, signatures } = await replayed(folder)
    expect(code).toBe(10)
    expect(file.faultCount).toBe(0)
    expect(signatures).toMatchObject({ faultCount: 1, faults: [{ kind: 'changed', revision: 0 }] })

    const path = join(folder, 'log.jsonl')
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(
      path,
      lines.map((line, index) => (index === 2 ? line.replace('"revision":0', '"revision":1') : line)).join('\n'),
    )
    const edited = await replayed(folder)
    expect(edited).toMatchObject({ code: 10, file: { faults: [{ line: 3, code: 'EXPORT_LINE_CHANGED' }] } })
    writeFileSync(path, lines.slice(0, -2).join('\n'))
    expect(await replayed(folder)).toMatchObject({
      code: 10,
      file: { faults: [{ code: 'EXPORT_LINE_MALFORMED' }, { code: 'EXPORT_CUT' }] },
    })
    const said = await runCommand(['audit', 'replay', '--from-export', 'log.jsonl'], { workingDirectory: folder })
    expect(said.stdout).toContain('EXPORT_CUT')
  })

  it('is believed by no other installation key', async () => {
    const { folder } = await installation()
    await exported(folder)
    writeFileSync(join(folder, 'key.pem'), newInstallationKey().publicKeyPem)
    const { code, signatures } = await replayed(folder, '--installation-key', 'key.pem')
    expect(code).toBe(10)
    expect(signatures.faults.every(({ kind }: { kind: string }) => kind === 'forged')).toBe(true)
  })

  it('leaves what was there before when it fails, and names what is wrong', async () => {
    const { data, folder } = await installation()
    writeFileSync(join(folder, 'log.jsonl'), 'the one before')
    const from = await runCommand(['audit', 'export', '--whole-log', '--output', 'log.jsonl', '--from', 'nowhere'], {
      workingDirectory: folder,
    })
    expect(from.code).toBe(2)
    expect(from.stderr).toContain('EVENT_LOG_ARGUMENT_INVALID')
    expect(readFileSync(join(folder, 'log.jsonl'), 'utf8')).toBe('the one before')
    expect(await replayed(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('EXPORT_NOT_AN_EXPORT') })
    const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
    const [, second] = await collect(log.readAll())
    await log.close()
    const part = ['audit', 'export', '--whole-log', '--output', 'log.jsonl', '--from', second?.position ?? '']
    expect(await runCommand(part, { workingDirectory: folder })).toMatchObject({ code: 0 })
    expect(await replayed(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('EXPORT_PARTIAL') })
  })

  it('is not asked for in ways that exclude each other', async () => {
    const { folder } = await installation()
    for (const args of [
      ['audit', 'export', '--whole-log', '--json'],
      ['audit', 'replay', '--from-export', 'log.jsonl', '--compare'],
      ['audit', 'replay', '--installation-key', 'key.pem'],
    ])
      expect(await runCommand(args, { workingDirectory: folder })).toMatchObject({ code: 2, stdout: '' })
    expect(await replayed(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('FILE_NOT_FOUND') })
    expect(existsSync(join(folder, 'log.jsonl'))).toBe(false)
  })
})

it('of EventStoreDB is replayed elsewhere to the states and signatures of the log', async () => {
  const server = await startEventStoreDbStandIn(createStore())
  onTestFinished(() => server.kill())
  vi.stubEnv('COUNTERSIGN_EVENT_LOG', server.connectionString)
  vi.stubEnv('COUNTERSIGN_EVENT_LOG_NAMESPACE', 'ours')
  const { data, folder } = await installation()
  expect(await exported(folder)).toMatchObject({ code: 0 })
  // Positions of EventStoreDB are no numbers that JSON holds.
  expect(readFileSync(join(folder, 'log.jsonl'), 'utf8')).toMatch(/"position":"[0-9a-f]{32}"/)
  const { events, states, signatures } = JSON.parse((await runCommand(['audit', 'replay', '--json'])).stdout)
  copyFileSync(join(data, 'installation-key.pem'), join(folder, 'key.pem'))
  vi.unstubAllEnvs()
  vi.stubEnv('COUNTERSIGN_DATA', temporaryFolder())
  const offline = await replayed(folder, '--installation-key', 'key.pem')
  expect(offline).toMatchObject({ code: 0, events, states, signatures, file: { faultCount: 0, events } })
})
