import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { powerShellFormat } from '../../signing/powershell/index.ts'
import { scriptSizeLimit } from '../../signing/scripts/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { windowsScriptFormat } from '../../signing/windows-script/index.ts'
import { codeOf } from '../support/code-of.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { type ScriptCase, scriptCases, scriptDigest } from '../support/script-cases.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
let rsa: TestIdentity
let ec: TestIdentity
let authority: TestIdentity

beforeAll(async () => {
  const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
  ;[rsa, ec, authority] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions }),
  ])
})

const isPowerShell = (name: string) => /\.(?:ps1|psm1|psd1|ps1xml|cdxml)$/.test(name)
const formatOf = (name: string): SignatureFormat => (isPowerShell(name) ? powerShellFormat : windowsScriptFormat)
const ofScript = ({ name, bytes }: Pick<ScriptCase, 'name' | 'bytes'>, signer = ec) => ({
  format: formatOf(name),
  name,
  bytes,
  signer,
})
const script = (name: string, text: string, encoding: BufferEncoding = 'utf8') => ({
  name,
  bytes: Buffer.from(text, encoding),
})

/** A signed script without its signature. */
async function contentOf(path: string, from: RegExp): Promise<string> {
  return (await readFile(path, 'latin1')).replace(from, '')
}

describe('a script in any encoding', () => {
  test.each(scriptCases().map((each) => [each.name, each] as const))('%s', async (name, each) => {
    const { directives } = await work.plan(ofScript(each))
    const contentDigests = [{ content: 'text', algorithm: 'sha256', digest: scriptDigest(each) }]
    expect(directives).toMatchObject([{ contentDigests }])
    const path = await work.sign(ofScript(each))
    expect(await work.verify(ofScript(each))).toMatchObject([{ contentDigests, timestamp: undefined }])
    const signed = await readFile(path)
    const unit = /^utf16/.test(name) ? 2 : 1
    // Everything of it is there, byte for byte, and the signature in one piece between two parts of it.
    const tail = name.endsWith('.wsf') ? each.bytes.length - each.bytes.lastIndexOf(asBytes('</job>', name)) : 0
    const head = each.bytes.length - tail
    expect(signed.subarray(0, head)).toEqual(each.bytes.subarray(0, head))
    expect(signed.subarray(signed.length - tail)).toEqual(each.bytes.subarray(head))
    const block = asText(signed.subarray(head, signed.length - tail), name)
    expect(block).toMatch(/^\r\n/)
    expect(block.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(block.length * unit).toBe(signed.length - each.bytes.length)
    // Whatever is changed, even within what is no character of ASCII.
    for (const at of [head - 1, Math.floor(head / 2), head + 40 * unit]) {
      const changed = Buffer.from(signed)
      changed[at] = (changed[at] ?? 0) ^ 1
      await writeFile(path, changed)
      await expect(work.verify(ofScript(each)), `byte ${at}`).rejects.toMatchObject({ code: expect.any(String) })
    }
  })
})

function asBytes(text: string, name: string): Buffer {
  const units = Buffer.from(text, 'utf16le')
  return name.startsWith('utf16le') ? units : name.startsWith('utf16be') ? units.swap16() : Buffer.from(text)
}

function asText(bytes: Buffer, name: string): string {
  if (name.startsWith('utf16be')) return Buffer.from(bytes).swap16().toString('utf16le')
  return bytes.toString(name.startsWith('utf16le') ? 'utf16le' : 'latin1')
}

describe('osslsigncode accepts PowerShell scripts that are signed here', () => {
  test.each([
    ['RSA', 'stamped.ps1', '# a\r\n'],
    ['EC', 'a.psm1', 'function a { }\n'],
    ['EC', 'b.ps1xml', '<Types/>\r\n'],
    ['RSA', 'c.cdxml', '<a/>'],
  ])('%s: %s', async (key, name, text) => {
    const signer = key === 'RSA' ? rsa : ec
    const signing = {
      ...ofScript(script(name, text), signer),
      attributes: { 'hash-algorithm': 'sha384', description: 'Ä' },
    }
    const isStamped = name.startsWith('stamped')
    const path = await work.sign({ ...signing, ...(isStamped && { timestamps: timestampsBy(authority) }) })
    const verdict = await osslsigncodeVerify(path, signer.rootFile, authority.rootFile)
    expect(verdict).toMatchObject({ ok: true, signatures: 1 })
    expect(verdict.output.includes('Timestamp verified')).toBe(isStamped)
    const [found] = await work.verify({ ...signing, trustedTimestampCertificates: [authority.root] })
    expect(found).toMatchObject({ attributes: { 'hash-algorithm': 'sha384', description: 'Ä' } })
    expect(found?.timestamp !== undefined).toBe(isStamped)
    await writeFile(path, (await readFile(path, 'latin1')).replace(/^./, '!'), 'latin1')
    expect((await osslsigncodeVerify(path, signer.rootFile)).ok).toBe(false)
  })
})

describe('a signature that a script has already', () => {
  test('is named in the plan, and gives way to the new one', async () => {
    const before = script('before.ps1', 'Write-Output 1\r\n')
    await writeFile(join(folder, before.name), before.bytes)
    const signedBefore = join(folder, 'signed-before.ps1')
    await osslsigncodeSign(rsa, join(folder, before.name), signedBefore, '-h', 'sha256')
    const resigned = ofScript({ name: 'resigned.ps1', bytes: await readFile(signedBefore) })
    const plan = await work.plan(resigned)
    expect(plan.existingSignatures).toMatchObject([
      {
        place: 'signature block',
        outcome: 'replaced',
        integrity: 'intact',
        signer: expect.stringContaining('rsa-2048'),
      },
    ])
    const path = await work.sign(resigned)
    expect(await osslsigncodeVerify(path, ec.rootFile)).toMatchObject({ ok: true, signatures: 1 })
    expect(await contentOf(path, /\r\n# SIG[\s\S]*/)).toBe('Write-Output 1\r\n')
    // The new file is the shorter one: nothing of the old signature is left behind it.
    const longer = await readFile(
      await work.sign({ ...ofScript({ ...before, name: 'longer.ps1' }), attributes: { description: 'x'.repeat(500) } }),
    )
    const again = ofScript({ name: 'again.ps1', bytes: longer })
    const shorter = await work.sign(again)
    expect((await readFile(shorter)).length).toBeLessThan(longer.length - 500)
    expect(await work.verify(again)).toHaveLength(1)
    await expect(work.plan({ ...again, attributes: { append: true } })).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
    })
  })

  test('is said not to fit when the script was changed, and to be none when its lines end in LF', async () => {
    const path = await work.sign(ofScript(script('changed.vbs', 'WScript.Echo 1\r\n')))
    const signed = await readFile(path, 'latin1')
    const planned = (text: string) => work.plan(ofScript(script('changed.vbs', text, 'latin1')))
    expect((await planned(signed)).existingSignatures).toMatchObject([{ integrity: 'intact' }])
    const changed = await planned(signed.replace('Echo', 'echo'))
    expect(changed.existingSignatures).toMatchObject([{ integrity: 'fileChanged' }])
    const unix = await planned(signed.replaceAll('\r\n', '\n'))
    expect(unix.existingSignatures).toMatchObject([{ kind: 'unreadable', reason: expect.stringContaining('LF alone') }])
    const broken = await planned(signed.replace("'' SIG '' MII", "'' SIG '' M!I"))
    expect(broken.existingSignatures).toMatchObject([{ kind: 'unreadable', reason: expect.stringContaining('base64') }])
  })

  test('does not say how the script is encoded that it stands in', async () => {
    const path = await work.sign(ofScript(script('damaged.ps1', '# ä\r\n')))
    const damaged = await readFile(path)
    damaged[damaged.length - 50] = 0xe4
    const { warnings } = await work.plan(ofScript({ name: 'damaged.ps1', bytes: damaged }))
    expect(warnings).toEqual([expect.stringContaining('signed as UTF-8')])
    await work.sign(ofScript({ name: 'damaged.ps1', bytes: damaged }))
  })

  test('of a wsf file is found before its last job ends, and its place is signed too', async () => {
    const name = 'place.wsf'
    const path = await work.sign(
      ofScript(script(name, '<package>\r\n<job>\r\n</job>\r\n<job>\r\n</job>\r\n</package>')),
    )
    const signed = await readFile(path, 'latin1')
    expect(signed).toMatch(/<\/signature>\r\n<\/job>\r\n<\/package>$/)
    const block = /\r\n<signature>[\s\S]*<\/signature>\r\n/.exec(signed)?.[0] ?? ''
    const moved = signed.replace(block, '').replace('</job>', `${block}</job>`)
    const { existingSignatures } = await work.plan(ofScript(script(name, moved, 'latin1')))
    expect(existingSignatures).toMatchObject([{ integrity: 'fileChanged' }])
    await expect(work.verify(ofScript(script(name, '')))).rejects.toMatchObject({
      code: 'AUTHENTICODE_UNSIGNED_CONTENT',
    })
  })
})

test('the plan warns of lines that end in LF, and of characters beyond ASCII without a byte order mark', async () => {
  const warnings = async (name: string, text: string, encoding?: BufferEncoding) =>
    (await work.plan(ofScript(script(name, text, encoding)))).warnings
  expect(await warnings('a.ps1', 'a\r\nb\r\n')).toEqual([])
  expect(await warnings('a.ps1', '\ufeffä\r\n')).toEqual([])
  expect(await warnings('a.ps1', '\ufeffa\r\n\u0a0d', 'utf16le')).toEqual([])
  expect(await warnings('a.ps1', '\ufeffa\nb\n', 'utf16le')).toEqual([
    expect.stringMatching(/^2 lines end in LF alone/),
  ])
  expect(await warnings('a.ps1', 'ä\n')).toEqual([
    expect.stringMatching(/^1 lines/),
    expect.stringContaining('signed as UTF-8'),
  ])
  expect(await warnings('a.ps1', 'ä', 'latin1')).toEqual([expect.stringContaining('signed as Windows-1252')])
  expect(await warnings('a.js', 'ä')).toEqual([expect.stringContaining('signed as Windows-1252')])
})

describe('a script is refused when it is planned', () => {
  const begin = '# SIG # Begin signature block'
  const end = '# SIG # End signature block'
  test.each([
    ['UTF-32', 'a.ps1', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), 'SCRIPT_ENCODING_UNSUPPORTED'],
    ['UTF-16 without its mark', 'a.js', Buffer.from('a', 'utf16le'), 'SCRIPT_ENCODING_UNSUPPORTED'],
    ['half a character', 'a.ps1', Buffer.from([0xff, 0xfe, 0x61]), 'SCRIPT_TEXT_MALFORMED'],
    ['bytes that are no UTF-8', 'a.ps1', Buffer.from([0xef, 0xbb, 0xbf, 0xe4]), 'SCRIPT_TEXT_MALFORMED'],
    ['two beginnings', 'a.ps1', `${begin}\n# A\n${begin}\n${end}\n`, 'SCRIPT_SIGNATURE_BLOCK_MALFORMED'],
    ['two ends', 'a.ps1', `a\n${end}\n${begin}\n${end}\n`, 'SCRIPT_SIGNATURE_BLOCK_MALFORMED'],
    ['an end alone', 'a.wsf', 'a\r\n</signature>\r\n<job></job>', 'SCRIPT_SIGNATURE_BLOCK_MALFORMED'],
    ['no end', 'a.ps1', `a\r\n${begin}\r\n`, 'SCRIPT_SIGNATURE_BLOCK_MALFORMED'],
    ['text behind it', 'a.ps1', `a\r\n${begin}\r\n${end}\r\nb`, 'SCRIPT_SIGNATURE_BLOCK_MALFORMED'],
    ['no job', 'a.wsf', '<package></package>', 'SCRIPT_JOB_MISSING'],
    ['a job in capitals', 'a.wsf', '<JOB></JOB>', 'SCRIPT_JOB_MISSING'],
  ])('%s', async (_what, name, bytes, code) => {
    expect(await codeOf(work.plan(ofScript({ name, bytes: Buffer.from(bytes) })))).toBe(code)
  })

  test('when it is too large', async () => {
    const size = scriptSizeLimit + 1
    expect(await codeOf(powerShellFormat.checkStart(Buffer.alloc(0), size))).toBe('SCRIPT_TOO_LARGE')
    await expect(
      powerShellFormat.detect({ name: 'a.ps1', size, readPart: async () => Buffer.from('a') }),
    ).resolves.toBe('recognized')
  })
})

test('files are scripts by their names, if they may be texts', async () => {
  const detected = (name: string, bytes: string | Buffer) =>
    formatOf(name.toLowerCase()).detect({ name, size: 9, readPart: async () => Buffer.from(bytes) })
  expect(await detected('A.PS1', 'a')).toBe('recognized')
  expect(await detected('a.wsf', Buffer.from('\ufeffa', 'utf16le'))).toBe('recognized')
  expect(await detected('a.ps1.txt', 'a')).toBe('foreign')
  expect(await detected('js', 'a')).toBe('foreign')
  expect(await detected('a.js', 'a\0')).toEqual({ unsupported: expect.stringContaining('no text') })
})

describe('the verifier refuses', () => {
  test.each<[string, (signed: string) => string, string]>([
    [
      'lines of the signature that end in LF',
      (signed) => signed.replaceAll('\r\n# ', '\n# '),
      'AUTHENTICODE_NOT_SIGNED',
    ],
    ['a line end behind it', (signed) => `${signed}\r\n`, 'AUTHENTICODE_UNSIGNED_CONTENT'],
    ['shorter lines', (signed) => signed.replace(/(# [A-Za-z0-9+/]{10})/, '$1\r\n# '), 'AUTHENTICODE_UNSIGNED_CONTENT'],
    [
      'another signature before it',
      (signed) => signed.replace(/^[\s\S]*?\r\n(?=\r\n# SIG)/, (text) => `# SIG # End signature block\n${text}`),
      'AUTHENTICODE_UNSIGNED_CONTENT',
    ],
    ['no signature', () => 'a', 'AUTHENTICODE_NOT_SIGNED'],
  ])('%s', async (_what, change, code) => {
    const path = await work.sign(ofScript(script('strict.ps1', 'Write-Output 1\r\n')))
    await writeFile(path, change(await readFile(path, 'latin1')), 'latin1')
    const failure = await codeOf(work.verify(ofScript(script('strict.ps1', ''))))
    expect(failure).toBe(code)
  })

  test('bits in the last line that nobody reads', async () => {
    const name = 'bits.ps1'
    const signing = ofScript(script(name, 'Write-Output 1\r\n'))
    let path: string
    let padded: RegExpExecArray | null
    // How long a signature is depends on its numbers; two thirds of the lengths leave bits over.
    do {
      path = await work.sign(signing)
      padded = /(.)(=+\r\n# SIG # End)/.exec(await readFile(path, 'latin1'))
    } while (padded === null)
    const [whole, last = '', rest] = padded
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    await writeFile(path, (await readFile(path, 'latin1')).replace(whole, `${next}${rest}`), 'latin1')
    expect(await codeOf(work.verify(signing))).toBe('AUTHENTICODE_UNSIGNED_CONTENT')
  })

  test('a signature of a script of another language', async () => {
    const name = 'language.ps1'
    const path = await work.sign(ofScript(script(name, 'Write-Output 1\r\n')))
    const asXml = (await readFile(path, 'latin1')).replace(/^# (.*)\r$/gm, '<!-- $1 -->\r')
    await writeFile(
      join(folder, 'language.vbs'),
      (await readFile(path, 'latin1')).replace(/^# (SIG # )?(.*)\r$/gm, "'' SIG '' $2\r"),
      'latin1',
    )
    expect(await codeOf(work.verify(ofScript(script('language.vbs', ''))))).toBe('AUTHENTICODE_MALFORMED')
    // PowerShell's own files are of one kind to Windows.
    await writeFile(join(folder, 'language.ps1xml'), asXml, 'latin1')
    expect(await work.verify(ofScript(script('language.ps1xml', '')))).toHaveLength(1)
  })
})
