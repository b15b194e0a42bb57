import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { signatureHeaders } from '../../notifications/web-hooks/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/web-hooks.md'), 'utf8')

/** The program of the page in one language, as it is written there. */
function programOf(language: string): string {
  const [, program] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ?? []
  if (program === undefined) throw new Error(`The page has no program in ${language}.`)
  return program
}

const [key, next] = [Buffer.alloc(32, 7), Buffer.alloc(24, 9)]
const secret = (bytes: Buffer) => `whsec_${bytes.toString('base64')}`
const body = '{"Status":"Completed","b":1,"a":"é\\u00e9 \\"x\\"","nothing":null}\n'

const languages = [
  ['js', 'receiver.mjs', process.execPath],
  ['python', 'receiver.py', 'python3'],
  ['sh', 'receiver.sh', 'sh'],
] as const

describe.each(languages)('the receiver of the page in %s', (language, name, program) => {
  /** Whether the program takes a message for genuine. */
  async function takes(message: {
    body?: string
    with?: string
    sentAt?: number
    signature?: string
  }): Promise<boolean> {
    const path = join(temporaryFolder(), name)
    writeFileSync(path, programOf(language))
    const { sentAt = Date.now() } = message
    const headers = signatureHeaders({ id: 'message-1', sentAt, body: Buffer.from(body) }, [next, key])
    const child = spawn(program, [path], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        SECRET: message.with ?? secret(key),
        WEBHOOK_ID: headers['webhook-id'],
        WEBHOOK_TIMESTAMP: headers['webhook-timestamp'],
        WEBHOOK_SIGNATURE: message.signature ?? headers['webhook-signature'],
      },
    })
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    // Who refuses by the headers alone may be gone before it has read the body.
    child.stdin.on('error', () => undefined)
    child.stdin.end(message.body ?? body)
    const [code] = await once(child, 'close')
    expect(errors).toBe('')
    return code === 0
  }

  test('takes what is signed with one of two secrets, over the very bytes', async () => {
    expect(await takes({})).toBe(true)
    expect(await takes({ with: secret(next) })).toBe(true)
  })

  test('refuses another body, another secret, another signature, and what is old', async () => {
    expect(await takes({ body: body.replace('Completed', 'Failed') })).toBe(false)
    expect(await takes({ body: JSON.stringify(JSON.parse(body)) })).toBe(false)
    expect(await takes({ with: secret(Buffer.alloc(32, 8)) })).toBe(false)
    expect(await takes({ signature: 'v1,AAAA v2,BBBB' })).toBe(false)
    expect(await takes({ sentAt: Date.now() - 400_000 })).toBe(false)
    expect(await takes({ sentAt: Date.now() + 400_000 })).toBe(false)
  })
})
