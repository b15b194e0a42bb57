import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { endRecordedProcess, processIdentity, recordProcess } from '../../../server/embedded/process-record.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A process that does nothing, until it is ended. */
function idleProcess(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.pid === undefined) throw new Error('no process was started')
  return child.pid
}

test('a recorded process is ended, once', async () => {
  const file = join(temporaryFolder(), 'server.json')
  const pid = idleProcess()
  await recordProcess(file, pid)
  expect(await endRecordedProcess(file)).toBe(pid)
  expect(processIdentity(pid)).toBeUndefined()
  expect(await endRecordedProcess(file)).toBeUndefined()
})

test('a process that only has the number of the recorded one is left alone', async () => {
  const file = join(temporaryFolder(), 'server.json')
  const pid = idleProcess()
  const identity = processIdentity(pid)
  writeFileSync(file, JSON.stringify({ pid, identity: `${identity}0` }))
  expect(await endRecordedProcess(file)).toBeUndefined()
  expect(processIdentity(pid)).toBe(identity)
})

test.each(['', '{"pid":', '{"pid":-1,"identity":"x"}', 'null'])('a record that reads %j is no record', async (text) => {
  const file = join(temporaryFolder(), 'server.json')
  writeFileSync(file, text)
  expect(await endRecordedProcess(file)).toBeUndefined()
})
