import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signed, unsigned, useCommandLine } from '../support/command-line.ts'
import { sha256, shownPlan } from '../support/stand-in-answers.ts'
import { until } from '../support/until.ts'

const at = useCommandLine()
const { countersign, sign } = at

const waitingFor = {
  code: 'KEY_NOT_FOUND',
  message: 'The token does not hold the key.',
  path: null,
  remedy: 'Connect the right token.',
  since: '2026-01-31T09:30:02.000Z',
  nextTryAt: '2026-01-31T09:30:12.000Z',
}

describe('countersign sign', () => {
  it('uploads the bytes, waits and saves the signed bytes', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    const ran = await sign(['--out', 'signed.exe', '--description', 'Release 1'])
    expect(ran).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
    expect(ran.stdout).toBe(`Signed: ${join(at.folder, 'signed.exe')}, SHA-256 ${sha256(signed)}\n`)
    const [request] = at.service.requests.values()
    expect(request).toMatchObject({
      description: 'Release 1',
      artifact: { fileName: 'setup.exe', sha256: sha256(unsigned), size: unsigned.length },
    })
    expect(ran.stderr).toContain('Completed: setup.exe is ready')
  })

  it('answers one JSON document and nothing else with --json', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    const ran = await sign(['--out', 'signed.exe', '--json'])
    const { signingRequestId, ...answer } = JSON.parse(ran.stdout) as Record<string, unknown>
    expect(answer).toMatchObject({
      out: join(at.folder, 'signed.exe'),
      sha256: sha256(signed),
      size: signed.length,
      signingRequest: { signingRequestId, status: 'Completed' },
    })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
  })

  it('replaces the file itself, keeps its permissions and follows a link to it', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    const file = join(at.folder, 'setup.exe')
    writeFileSync(file, unsigned, { mode: 0o640 })
    const mode = statSync(file).mode
    symlinkSync('setup.exe', join(at.folder, 'link.exe'))
    expect(await sign(['--out', 'link.exe'])).toMatchObject({ code: 0 })
    expect(readFileSync(file)).toEqual(signed)
    expect(statSync(file).mode).toBe(mode)
    expect(readdirSync(at.folder).sort()).toEqual(['link.exe', 'setup.exe'])
  })

  it('does not touch --out when what comes is not what the service recorded', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    writeFileSync(join(at.folder, 'signed.exe'), 'before')
    for (const wrong of [Buffer.from('the program, sIgned'), signed.subarray(1), Buffer.concat([signed, signed])]) {
      at.service.behaviour.download = () => wrong
      const ran = await sign(['--out', 'signed.exe'])
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      expect(ran.stderr).toContain('error: DOWNLOAD_DAMAGED: ')
      expect(readFileSync(join(at.folder, 'signed.exe'), 'utf8')).toBe('before')
      expect(readdirSync(at.folder).sort()).toEqual(['setup.exe', 'signed.exe'])
    }
  })

  it('says what to do about why the request failed, and what it waited for before', async () => {
    at.service.behaviour.submitted = (request) => {
      at.service.happen(
        request,
        'SigningRequestDelayed',
        { failure: waitingFor },
        { workflowStatus: 'Processing', waitingFor },
      )
    }
    let printed = ''
    const running = sign(['--out', 'signed.exe'], { printed: ({ stderr }) => (printed = stderr) })
    await until('what it waits for', () => printed.includes('Connect the right token.'))
    expect(printed).toContain('Waiting: KEY_NOT_FOUND: The token does not hold the key.')
    const [request] = at.service.requests.values()
    const failure = { code: 'PE_TRUNCATED', message: 'It ends.', path: null, failedAt: waitingFor.since }
    const fields = {
      workflowStatus: 'ProcessingFailed',
      waitingFor: null,
      failure: { ...failure, remedy: 'Build it again.' },
    }
    if (request !== undefined) at.service.happen(request, 'SigningRequestFailed', { failure }, fields)
    const ran = await running
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain('error: PE_TRUNCATED: The signing request failed: It ends.')
    expect(ran.stderr).toMatch(/^hint: Build it again\. `countersign request show \S+` shows all of it\.$/m)
  })

  it.each([
    [
      'ProcessingFailed',
      {
        failure: {
          code: 'PE_MALFORMED',
          message: 'No PE file.',
          path: null,
          remedy: null,
          failedAt: '2026-01-31T09:30:02.000Z',
        },
      },
      3,
      'PE_MALFORMED',
    ],
    [
      'Denied',
      {
        denial: {
          kind: 'denied',
          approver: null,
          comment: 'not now',
          deadline: null,
          deniedAt: '2026-01-31T09:30:02.000Z',
        },
      },
      4,
      'REQUEST_DENIED',
    ],
    [
      'Canceled',
      { cancellation: { canceledBy: null, reason: null, canceledAt: '2026-01-31T09:30:02.000Z' } },
      5,
      'REQUEST_CANCELED',
    ],
  ])('ends with a code of its own when the request is %s', async (workflowStatus, fields, code, errorCode) => {
    at.service.behaviour.submitted = (request) => at.service.happen(request, 'Ended', {}, { workflowStatus, ...fields })
    const ran = await sign(['--out', 'signed.exe', '--json'])
    expect(ran.code).toBe(code)
    expect(JSON.parse(ran.stdout)).toMatchObject({ out: null, signingRequest: { workflowStatus } })
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: errorCode, exitCode: code } })
    expect(existsSync(join(at.folder, 'signed.exe'))).toBe(false)
  })

  it('prints the id and ends with --no-wait', async () => {
    const ran = await sign(['--no-wait'])
    expect(ran).toMatchObject({ code: 0 })
    expect([...at.service.requests.keys()]).toEqual([ran.stdout.trim()])
  })

  it('names who is waited for', async () => {
    let printed = ''
    const running = sign(['--out', 'signed.exe'], { printed: ({ stderr }) => (printed = stderr) })
    const request = await until('the submission', () => [...at.service.requests.values()][0])
    const approvalProcess = {
      requiredApprovals: 2,
      submitterMayApprove: false,
      approvers: [
        { user: { userId: '1', name: 'Ann' }, group: null },
        { user: null, group: { groupId: '2', name: 'Leads' } },
      ],
    }
    at.service.happen(
      request,
      'SigningPlanned',
      { fileCount: 1, planDigest: 'abc' },
      {
        workflowStatus: 'WaitingForApproval',
        approvalProcess,
        missingApprovals: 2,
      },
    )
    await until('the note', () => printed.includes('Waiting for 2 of: Ann, the group Leads'))
    const { signingRequestId } = request
    await until('how to come back', () => printed.includes(`countersign sign --attach ${signingRequestId} --out FILE`))
    at.service.complete(request, signed)
    expect(await running).toMatchObject({ code: 0 })
  })

  it('says whose signatures the file has, and what becomes of them, also where nobody is asked', async () => {
    const existing = {
      kind: 'signature',
      place: 'certificate table',
      depth: 0,
      sha256: sha256('theirs'),
      digestAlgorithm: 'sha256',
    }
    const rest = { issuer: null, serialNumber: null, integrity: 'intact', timestamp: null, uncovered: [] }
    at.service.behaviour.submitted = (request) => {
      const file = {
        path: ['setup.exe'],
        outcome: 'signed',
        existingSignatures: [
          { ...existing, ...rest, outcome: 'replaced', signer: 'CN=Some\u001b[2JVendor' },
          {
            kind: 'unreadable',
            place: 'certificate table',
            depth: 0,
            sha256: sha256('none'),
            outcome: 'replaced',
            reason: 'none',
          },
        ],
      }
      const told = shownPlan({ signingRequestId: request.signingRequestId }, [[file]])
      at.service.happen(request, 'SigningPlanned', { fileCount: 1, planDigest: told.digest }, { plan: told })
      at.service.complete(request, signed)
    }
    const { code, stderr } = await sign(['--out', 'signed.exe'])
    expect(code).toBe(0)
    expect(stderr).toContain('setup.exe has the signature of CN=Some\\x1b[2JVendor: replaced\n')
    expect(stderr).toContain('setup.exe has bytes that are no readable signature: replaced\n')
  })

  it('downloads from the address that the person named, whatever the service calls itself', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed, 'https://sign.example.com')
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
  })

  it.each([
    [['--out', 'missing/signed.exe'], 'OUT_FOLDER_NOT_FOUND'],
    [['--out', '.'], 'OUT_NOT_A_FILE'],
    [[], 'USAGE'],
    [['--out', 'signed.exe', '--no-wait'], 'USAGE'],
    [['--out', 'signed.exe', '--timeout', 'soon'], 'USAGE'],
    [['--out', 'signed.exe', '--timeout', '25d'], 'USAGE'],
  ])('refuses %j before anything is sent', async (args, code) => {
    const ran = await sign(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(`error: ${code}: `)
    expect(at.service.calls).toEqual([])
  })

  it('refuses a file that is not there, empty, or no file', async () => {
    writeFileSync(join(at.folder, 'empty.exe'), '')
    mkdirSync(join(at.folder, 'directory'))
    for (const [name, code] of [
      ['missing.exe', 'FILE_NOT_FOUND'],
      ['empty.exe', 'FILE_EMPTY'],
      ['directory', 'FILE_UNREADABLE'],
    ] as const) {
      const args = ['sign', name, '--project', 'demo', '--policy', 'test-signing', '--out', 'out.exe']
      const ran = await countersign(args)
      expect(ran).toMatchObject({ code: 2 })
      expect(ran.stderr).toContain(`error: ${code}: `)
    }
  })

  it('uploads nothing that the service would refuse without the bytes', async () => {
    for (const [project, policy, code] of [
      ['other', 'test-signing', 'PROJECT_NOT_FOUND'],
      ['demo', 'release', 'SIGNING_POLICY_NOT_FOUND'],
    ] as const) {
      const args = ['sign', 'setup.exe', '--project', project, '--policy', policy, '--out', 'out.exe']
      const ran = await countersign(args)
      expect(ran).toMatchObject({ code: 6, stdout: '' })
      expect(ran.stderr).toContain(`error: ${code}: `)
    }
    expect(at.service.uploads.size).toBe(0)
    expect(at.service.calls).not.toContain('POST /uploads')
  })

  it('has the beginning of the file looked at before all of it is sent', async () => {
    const bytes = Buffer.alloc(200_000, 'program ')
    writeFileSync(join(at.folder, 'setup.exe'), bytes)
    at.service.behaviour.check = () => ({ code: 'PE_SECTION_OUT_OF_RANGE', message: 'setup.exe was cut off.' })
    const ran = await sign(['--out', 'signed.exe', '--existing-signatures', 'refuse'])
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain('error: PE_SECTION_OUT_OF_RANGE: setup.exe was cut off.')
    expect(at.service.calls).not.toContain('POST /uploads')
    expect(at.service.checks).toMatchObject([
      {
        fileName: 'setup.exe',
        size: bytes.length,
        firstBytes: bytes.subarray(0, 65_536).toString('base64'),
        existingSignatures: 'refuse',
      },
    ])
  })

  it('has all of a small file looked at', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(at.service.checks).toMatchObject([{ firstBytes: unsigned.toString('base64'), existingSignatures: null }])
  })
})
