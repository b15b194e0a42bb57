import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { logFile, logTo } from '../../server/log-destination.ts'
import { checkOf, loggerTo } from '../../server/logging.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const settings = { logLevel: 'info' } as const

function linesOf(text: string) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('a log file', () => {
  it('has every line, in order, and is for its owner alone', async () => {
    const path = join(temporaryFolder(), 'countersign.log')
    const destination = logFile(path)
    const logger = loggerTo(settings, destination)
    for (let number = 0; number < 1_000; number++) logger.info({ number }, 'line')
    destination.close()
    await vi.waitFor(() => expect(linesOf(readFileSync(path, 'utf8'))).toHaveLength(1_000))
    expect(linesOf(readFileSync(path, 'utf8')).map(({ number }) => number)).toEqual([...Array(1_000).keys()])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is let go when it is closed, after the write that is under way, and takes no more lines', () => {
    const calls: string[] = []
    let written: ((error: Error | null) => void) | undefined
    const destination = logTo({
      write(chunk, done) {
        calls.push(`write ${chunk}`)
        written = done
      },
      writeNow: (chunk) => void calls.push(`write now ${chunk}`),
      close: () => void calls.push('close'),
    })
    destination.write('one')
    destination.write('two')
    destination.close()
    destination.write('three')
    expect(calls).toEqual(['write one', 'write now two'])
    written?.(null)
    destination.close()
    expect(calls).toEqual(['write one', 'write now two', 'close'])
  })

  it('says why lines are lost now, and not why they were lost before', () => {
    let done: ((error: Error | null) => void) | undefined
    const destination = logTo({
      write: (_, given) => {
        done = given
      },
      writeNow: () => undefined,
      close: () => undefined,
    })
    onTestFinished(() => destination.close())
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    destination.write('lost')
    done?.(new Error('ENOSPC'))
    vi.advanceTimersByTime(1_000)
    done?.(null)
    expect(destination.trouble()).toBeUndefined()
    destination.write('under way')
    for (let mebibyte = 0; mebibyte < 9; mebibyte += 1) destination.write('x'.repeat(1024 ** 2))
    expect(destination.trouble()).toEqual({ lost: 1, reason: 'it does not take lines as fast as they come' })
  })

  it('hides secrets, whatever object of ours they stand in', () => {
    const lines: string[] = []
    const destination = {
      write: (line: string) => void lines.push(line),
      trouble: () => undefined,
      close: () => undefined,
    }
    const logger = loggerTo(settings, destination)
    const secret = 'hunter2'
    logger.info({ token: secret, operatorToken: secret, connectionString: secret }, 'beside the message')
    logger.info({ settings: { personMasterKey: secret, pkcs11Pin: secret, eventLogPassword: secret } }, 'settings')
    logger.error({ err: Object.assign(new Error('failed'), { connectionString: secret, password: secret }) }, 'failed')
    expect(lines).toHaveLength(3)
    expect(lines.join()).not.toContain(secret)
  })

  it('on a full disk costs lines and nothing else', async () => {
    const destination = logFile('/dev/full')
    onTestFinished(() => destination.close())
    const logger = loggerTo(settings, destination)
    logger.info('this one')
    logger.info('and this')
    await vi.waitFor(() => expect(destination.trouble()?.lost).toBeGreaterThanOrEqual(1))
    expect(destination.trouble()?.reason).toContain('ENOSPC')
  })
})

/** A destination whose disk is full, until it is not. */
function fullDestination() {
  const written: string[] = []
  let fails = true
  const destination = logTo({
    write(chunk, done) {
      if (fails) return done(new Error('ENOSPC: no space left on device, write'))
      written.push(chunk.toString())
      done(null)
    },
    writeNow: () => undefined,
    close: () => undefined,
  })
  onTestFinished(() => destination.close())
  const recover = () => {
    fails = false
  }
  return { destination, written, recover }
}

describe('a destination that fails for a while', () => {
  it('says afterwards how many lines are missing, and begins with a line of its own', async () => {
    const { destination, written, recover } = fullDestination()
    const logger = loggerTo(settings, destination)
    logger.info('lost')
    expect(destination.trouble()).toMatchObject({ lost: 1 })
    recover()
    logger.info('kept')
    await vi.waitFor(() => expect(written).toHaveLength(1), 5_000)
    expect(written[0]).toMatch(/^\n/)
    expect(linesOf(written.join(''))).toEqual([
      expect.objectContaining({ code: 'LOG_LINES_LOST', lost: 1, reason: 'ENOSPC: no space left on device, write' }),
      expect.objectContaining({ msg: 'kept' }),
    ])
    expect(destination.trouble()).toBeUndefined()
  })

  it('is a part that is down until it works again, also when nobody logs anything meanwhile', async () => {
    const { destination, written, recover } = fullDestination()
    const check = checkOf(destination)
    await check()
    loggerTo(settings, destination).info('lost')
    await expect(check()).rejects.toMatchObject({
      code: 'LOG_LINES_LOST',
      message: '1 lines of the log could not be written: ENOSPC: no space left on device, write.',
    })
    recover()
    await vi.waitFor(check, 5_000)
    expect(linesOf(written.join(''))).toEqual([expect.objectContaining({ code: 'LOG_LINES_LOST', lost: 1 })])
  })

  it('keeps no more than eight mebibytes of what it cannot write', () => {
    const destination = logTo({ write: () => undefined, writeNow: () => undefined, close: () => undefined })
    onTestFinished(() => destination.close())
    const line = 'x'.repeat(1024 * 1024)
    for (let number = 0; number < 20; number++) destination.write(line)
    // One is being written, eight wait.
    expect(destination.trouble()).toMatchObject({ lost: 11 })
  })
})

describe('standard output', () => {
  const program = `
    const { openLogger } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../server/logging.ts')).href)})
    const { logger } = openLogger({ logLevel: 'info' })
    process.send('begun')
    for (let round = 0; round < 64; round++) {
      logger.info('x'.repeat(1024 * 1024))
      await new Promise((resolve) => setImmediate(resolve))
    }
    process.send('done')
    process.once('message', () => process.exit(0))`

  async function loggingProcess() {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const said: unknown[] = []
    child.on('message', (message) => said.push(message))
    await vi.waitFor(() => expect(said).toContain('begun'), 10_000)
    return { child, said }
  }

  it.each(['stands still', 'is gone'])('whose reader %s holds up nothing', async (state) => {
    const { child, said } = await loggingProcess()
    if (state === 'is gone') child.stdout?.destroy()
    await vi.waitFor(() => expect(said).toContain('done'), 10_000)
    const exited = once(child, 'exit')
    child.send('end')
    expect(await exited).toEqual([0, null])
  })
})
