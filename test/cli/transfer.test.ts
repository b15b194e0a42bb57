import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { downloadFile } from '../../cli/connection/download.ts'
import { ask, typedDocument } from '../../cli/connection/graphql.ts'
import { uploadFile } from '../../cli/connection/upload.ts'
import { checkDestination } from '../../cli/destination.ts'
import { findLocalFile, hashLocalFile } from '../../cli/local-file.ts'
import { useCommandLine } from '../support/command-line.ts'

const mebibyte = 1024 * 1024

const at = useCommandLine()
let path: string

beforeEach(() => {
  path = join(at.folder, 'setup.exe')
})

const { signal } = new AbortController()

async function upload(progress: (sent: number) => void = () => {}, longestSilenceMs = 60_000) {
  const file = await findLocalFile(path)
  const digest = await hashLocalFile(file, signal)
  return uploadFile(at.connection, file, { sha256: digest, progress, signal, longestSilenceMs })
}

/** Does something once, at the first progress. */
function meanwhile(what: () => void): () => void {
  let done = false
  return () => {
    if (!done) what()
    done = true
  }
}

describe('an upload', () => {
  it('needs the same memory however large the file is', async () => {
    const size = 512 * mebibyte
    writeFileSync(path, '')
    truncateSync(path, size)
    let most = 0
    const before = process.memoryUsage().arrayBuffers
    await upload(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    })
    expect(most).toBeLessThan(128 * mebibyte)
  })

  it.each([
    ['grows', () => appendFileSync(path, 'more'), 'it had 3145728 bytes and has 3145732 now'],
    ['becomes shorter', () => truncateSync(path, 10), 'it had 3145728 bytes and has 10 now'],
    ['is written to', () => writeAt(path, 2 * mebibyte, 'b'), 'it was written to, or replaced by another file'],
    [
      'is replaced by another',
      () => {
        writeFileSync(`${path}.new`, Buffer.alloc(3 * mebibyte, 'b'))
        renameSync(`${path}.new`, path)
      },
      'it was written to, or replaced by another file',
    ],
    ['is removed', () => rmSync(path), 'it is gone'],
  ])('is refused when the file %s meanwhile', async (_, change, how) => {
    writeFileSync(path, Buffer.alloc(3 * mebibyte, 'a'))
    await expect(upload(meanwhile(change))).rejects.toMatchObject({
      code: how.endsWith('has 10 now') ? 'FILE_UNREADABLE' : 'FILE_CHANGED',
      message: expect.stringContaining(how.endsWith('has 10 now') ? 'it became shorter' : how),
    })
  })

  it('is refused when the bytes changed and size and time did not', async () => {
    writeFileSync(path, Buffer.alloc(3 * mebibyte, 'a'))
    const { mtime, atime } = statSync(path)
    utimesSync(path, atime, new Date(Math.floor(mtime.getTime() / 1000) * 1000))
    const restored = statSync(path)
    const change = meanwhile(() => {
      writeAt(path, 2 * mebibyte, 'b')
      utimesSync(path, restored.atime, restored.mtime)
    })
    await expect(upload(change)).rejects.toMatchObject({
      code: 'FILE_CHANGED',
      message: expect.stringContaining('its SHA-256 was'),
    })
  })

  it('is refused when the file was written to since the command began', async () => {
    writeFileSync(path, 'program')
    const file = await findLocalFile(path)
    appendFileSync(path, 'more')
    await expect(hashLocalFile(file, signal)).rejects.toMatchObject({ code: 'FILE_CHANGED', exitCode: 6 })
    expect(at.service.calls).toEqual([])
  })

  it('is given up when the service takes nothing and says nothing', async () => {
    writeFileSync(path, '')
    truncateSync(path, 64 * mebibyte)
    at.service.behaviour.intercept = () => true
    await expect(upload(() => {}, 300)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', exitCode: 8 })
  })

  it('is refused when the service says that it stored other bytes', async () => {
    writeFileSync(path, 'program')
    at.service.behaviour.intercept = (request, response) => {
      request.resume()
      const body = JSON.stringify({ uploadId: 'x', fileName: 'setup.exe', sha256: '0'.repeat(64), size: 7 })
      response.writeHead(201, { 'content-type': 'application/json' }).end(body)
      return true
    }
    await expect(upload()).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED' })
  })

  it('goes nowhere else', async () => {
    writeFileSync(path, 'program')
    at.service.behaviour.intercept = (request, response) => {
      request.resume()
      response.writeHead(307, { location: 'http://elsewhere.example/' }).end()
      return true
    }
    await expect(upload()).rejects.toMatchObject({ code: 'SERVER_REDIRECTS' })
  })

  it('passes on why it is refused before its end', async () => {
    const size = 64 * mebibyte
    writeFileSync(path, '')
    truncateSync(path, size)
    at.service.behaviour.intercept = (request, response) => {
      const body = JSON.stringify({ status: 413, code: 'ARTIFACT_TOO_LARGE', detail: 'Too large.' })
      response.writeHead(413, { 'content-type': 'application/json' }).end(body)
      request.resume()
      return true
    }
    await expect(upload()).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE', exitCode: 6 })
  })
})

describe('a download', () => {
  it('is given up when the service falls silent in the middle, and leaves the place as it was', async () => {
    writeFileSync(path, 'as it was')
    at.service.behaviour.intercept = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('the beginning')
      return true
    }
    const file = { link: `${at.service.url}/x`, sha256: '0'.repeat(64), size: 1000 }
    const destination = await checkDestination(path)
    await expect(
      downloadFile(at.connection, file, destination, { progress: () => {}, signal, longestSilenceMs: 300 }),
    ).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
    expect(readFileSync(path, 'utf8')).toBe('as it was')
  })
})

describe('an answer', () => {
  it('is not received beyond 16 MiB', async () => {
    let sent = 0
    at.service.behaviour.intercept = (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"data":"')
      const chunk = Buffer.alloc(mebibyte, 'x')
      const more = () => {
        while (sent < 512) {
          sent++
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end('"}')
      }
      more()
      return true
    }
    const document = typedDocument<unknown>('{ viewer { name } }')
    await expect(ask(at.connection, document, {})).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' })
    expect(sent).toBeLessThan(64)
  })
})

function writeAt(file: string, position: number, text: string): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, text, position)
  closeSync(descriptor)
}
