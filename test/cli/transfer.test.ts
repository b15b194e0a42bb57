import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { uploadFile } from '../../cli/connection/upload.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type StandInService, startStandInService } from './stand-in-service.ts'

const mebibyte = 1024 * 1024

let service: StandInService
let path: string

beforeEach(async () => {
  service = await startStandInService()
  path = join(temporaryFolder(), 'setup.exe')
})

function upload(size: number, progress: (sent: number) => void = () => {}) {
  const connection = { server: new URL(`${service.url}/`), token: 'token-of-ci' }
  return uploadFile(
    connection,
    { path, fileName: 'setup.exe', size },
    { progress, signal: new AbortController().signal },
  )
}

describe('an upload', () => {
  it('needs the same memory however large the file is', async () => {
    const size = 512 * mebibyte
    writeFileSync(path, '')
    truncateSync(path, size)
    let most = 0
    const before = process.memoryUsage().arrayBuffers
    await upload(size, () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    })
    expect(most).toBeLessThan(128 * mebibyte)
  })

  it('is the file as it was when it began, though it grows meanwhile', async () => {
    writeFileSync(path, Buffer.alloc(3 * mebibyte, 'a'))
    let grown = false
    const { size } = await upload(3 * mebibyte, () => {
      if (!grown) appendFileSync(path, 'more')
      grown = true
    })
    expect(size).toBe(3 * mebibyte)
    expect(readFileSync(path)).toHaveLength(3 * mebibyte + 4)
  })

  it('says so when the file becomes shorter meanwhile', async () => {
    writeFileSync(path, Buffer.alloc(3 * mebibyte, 'a'))
    const shortened = upload(3 * mebibyte, () => truncateSync(path, 10))
    await expect(shortened).rejects.toMatchObject({ code: 'FILE_UNREADABLE', exitCode: 2 })
  })

  it('is refused when the service says that it stored other bytes', async () => {
    writeFileSync(path, 'program')
    service.behaviour.intercept = (request, response) => {
      request.resume()
      const body = JSON.stringify({ uploadId: 'x', fileName: 'setup.exe', sha256: '0'.repeat(64), size: 7 })
      response.writeHead(201, { 'content-type': 'application/json' }).end(body)
      return true
    }
    await expect(upload(7)).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED' })
  })

  it('goes nowhere else', async () => {
    writeFileSync(path, 'program')
    service.behaviour.intercept = (request, response) => {
      request.resume()
      response.writeHead(307, { location: 'http://elsewhere.example/' }).end()
      return true
    }
    await expect(upload(7)).rejects.toMatchObject({ code: 'SERVER_REDIRECTS' })
  })

  it('passes on why it is refused before its end', async () => {
    const size = 64 * mebibyte
    writeFileSync(path, '')
    truncateSync(path, size)
    service.behaviour.intercept = (request, response) => {
      const body = JSON.stringify({ status: 413, code: 'ARTIFACT_TOO_LARGE', detail: 'Too large.' })
      response.writeHead(413, { 'content-type': 'application/json' }).end(body)
      request.resume()
      return true
    }
    await expect(upload(size)).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE', exitCode: 6 })
  })
})
