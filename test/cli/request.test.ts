import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useCommandLine } from '../support/command-line.ts'
import { sha256 } from '../support/stand-in-answers.ts'
import { forgedHead, plan, plannedFile, type ShownPlan } from '../support/stand-in-plan.ts'

const at = useCommandLine('token-of-approver-1')
const { countersign } = at

describe('countersign request list', () => {
  it('shows a table for people', async () => {
    const request = at.service.add()
    const { code, stdout } = await countersign(['request', 'list'])
    expect(code).toBe(0)
    const [heading, row, ...rest] = stdout.split('\n')
    expect(heading).toMatch(/^ID +STATUS +POLICY +FILE +SUBMITTED +BY$/)
    expect(row).toBe(
      `${request.signingRequestId}  InProgress (Submitted)  demo/test-signing  setup.exe  2026-01-31 09:30:00Z  ci`,
    )
    expect(rest).toEqual([''])
  })

  it('reads page by page up to the limit and says that there are more', async () => {
    const ids = Array.from({ length: 130 }, () => at.service.add().signingRequestId).reverse()
    const all = await countersign(['request', 'list', '--limit', '500', '--json'])
    expect(idsOf(all.stdout)).toEqual(ids)
    const some = await countersign(['request', 'list', '--limit', '120', '--json'])
    expect(idsOf(some.stdout)).toEqual(ids.slice(0, 120))
    expect(JSON.parse(some.stdout)).toMatchObject({ more: true })
    expect((await countersign(['request', 'list', '--limit', '7'])).stderr).toContain('There are more')
  })

  it.each([
    [['--limit', '0']],
    [['--limit', 'x']],
    [['--limit', '0x10']],
    [['--status', 'Done']],
    [['--since', '2026-02-31']],
    [['--until', 'yesterday']],
    [['--submitter', 'me']],
  ])('refuses %j', async (args) => {
    expect(await countersign(['request', 'list', ...args])).toMatchObject({ code: 2, stdout: '' })
    expect(at.service.calls).toEqual([])
  })

  it('never lets text of a submitter move the cursor, colour or reorder what a person reads', async () => {
    at.service.add('a\u001b[2K\u202eexe.txt\u009b31m\u2028b')
    const { stdout } = await countersign(['request', 'list'], { isTTY: true })
    expect(stdout).toContain('a\\x1b[2K\\u{202e}exe.txt\\x9b31m\\u{2028}b')
  })
})

describe('countersign request show', () => {
  it('shows the request, its plan and its time line', async () => {
    const request = at.service.add()
    const digest = plan(at.service, request)
    const { code, stdout } = await countersign(['request', 'show', request.signingRequestId])
    expect(code).toBe(0)
    for (const text of [
      digest,
      'WaitingForApproval (2 more approvals)',
      'authenticode-sign',
      sha256('content of setup.exe'),
    ])
      expect(stdout).toContain(text)
    expect(stdout).toMatch(/2026-01-31 09:30:01Z +Submitted setup.exe by ci +ci/)
  })

  it('shows which trusted build system vouched for a request, and for which node', async () => {
    const request = at.service.add()
    const trustedBuildSystem = { slug: 'jenkins', name: 'Jenkins' }
    Object.assign(request, {
      vouchedBy: { trustedBuildSystemId: 'b', trustedBuildSystem, method: 'token', node: { subject: 'CN=node-7' } },
    })
    const { stdout } = await countersign(['request', 'show', request.signingRequestId])
    expect(stdout).toMatch(/vouched for by +jenkins, for the node CN=node-7\n/)
    Object.assign(request, {
      vouchedBy: { trustedBuildSystemId: 'b', trustedBuildSystem, method: 'link', node: null },
    })
    const { stdout: asked } = await countersign(['request', 'show', request.signingRequestId])
    expect(asked).toMatch(/vouched for by +jenkins, which is asked through its link with the project\n/)
  })

  it('shows whose signatures the file has already, what becomes of them, and what they do not cover', async () => {
    const request = at.service.add()
    plan(at.service, request)
    const { stdout } = await countersign(['request', 'show', request.signingRequestId])
    const lines = stdout.split('\n').map((line) => line.trim().replace(/\s{2,}/g, '  '))
    const start = lines.indexOf('signed already  kept: CN=Somebody else\\u{202e}')
    expect(lines.slice(start + 1, start + 14)).toEqual([
      'place  certificate table',
      'issuer  CN=Issuer, serial number 0a1b',
      'digest  sha1, fits the file',
      "time-stamp  2019-09-09 16:20:53Z by CN=Time (in the form from before RFC 3161); WRONG: its certificate's key did not make it for this",
      'not covered  attribute certificates, in the time-stamp',
      'not covered  the unsigned attribute 1.2.3',
      `SHA-256  ${sha256('first')}`,
      'signed besides  kept: by what is no readable signature',
      'place  nested signature',
      'reason  It is no DER.',
      `SHA-256  ${sha256('second')}`,
      'note  names are as the signatures state them; whether to trust their certificates is not judged',
      'authenticode-sign',
    ])
  })

  it('shows the first 100 files that a large plan signs, asks only for their pages, and all when that is wanted', async () => {
    const request = at.service.add()
    const unchanged = { kind: 'file', path: ['readme.txt'], outcome: 'unchanged', directives: [] }
    const names = Array.from({ length: 150 }, (_, index) => `${String(index).padStart(3, '0')}.exe`)
    const pages = [names.slice(0, 60), [], names.slice(60, 120), names.slice(120)].map((page) => [
      unchanged,
      ...page.map(plannedFile),
    ])
    const asked: number[] = []
    const noted = ({ page }: ShownPlan) => ({
      page(which: { readonly index: number }) {
        asked.push(which.index)
        return page(which)
      },
    })
    plan(at.service, request, noted, pages)
    const shown = await countersign(['request', 'show', request.signingRequestId])
    expect(shown.stdout).toMatch(/signs +150 of 154 files/)
    expect(shown.stdout).toContain('099.exe')
    expect(shown.stdout).not.toContain('100.exe')
    expect(shown.stdout).not.toContain('readme.txt')
    expect(shown.stdout).toContain('… and 50 files more: --all-files shows them')
    expect(asked).toEqual([0, 2])
    const all = await countersign(['request', 'show', request.signingRequestId, '--all-files', '--json'])
    const { plan: document } = JSON.parse(all.stdout)
    expect(document.files.map(({ path }: { path: string[] }) => path[0])).toEqual(names)
  })

  it('says why a request waits or failed, since when, when it is tried again, and what to do', async () => {
    const request = at.service.add()
    const reason = { code: 'KEY_NOT_FOUND', message: 'The token does not hold it.', path: null }
    const remedy = 'Connect the right token.'
    const waitingFor = { ...reason, remedy, since: '2026-01-31T09:30:02.000Z', nextTryAt: '2026-01-31T09:40:00.000Z' }
    at.service.happen(
      request,
      'SigningRequestDelayed',
      { failure: reason },
      { workflowStatus: 'Processing', waitingFor },
    )
    const shown = ['request', 'show', request.signingRequestId]
    const waiting = (await countersign(shown)).stdout
    expect(waiting).toMatch(/waiting for +KEY_NOT_FOUND: The token does not hold it\./)
    expect(waiting).toMatch(/waiting since +2026-01-31 09:30:02Z/)
    expect(waiting).toMatch(/next try +2026-01-31 09:40:00Z/)
    expect(waiting).toMatch(/what to do +Connect the right token\./)
    at.service.happen(request, 'Other', {}, { waitingFor: { ...waitingFor, nextTryAt: null } })
    expect((await countersign(shown)).stdout).toMatch(/next try +as soon as somebody takes it up/)

    const failure = { code: 'PE_TRUNCATED', message: 'It ends.', path: ['a.exe'], remedy: 'Build it again.' }
    const ended = { workflowStatus: 'ProcessingFailed', waitingFor: null, failure: { ...failure, failedAt: '' } }
    at.service.happen(request, 'SigningRequestFailed', { failure }, ended)
    const failed = (await countersign(shown)).stdout
    expect(failed).toMatch(/failure +PE_TRUNCATED: It ends\. \(a\.exe\)/)
    expect(failed).toMatch(/what to do +Build it again\./)
    expect(failed).not.toContain('next try')
  })

  it('has every event of a long time line', async () => {
    const request = at.service.add()
    for (let attempt = 1; attempt <= 120; attempt++) at.service.happen(request, 'SigningStarted', { attempt }, {})
    const { stdout } = await countersign(['request', 'show', request.signingRequestId, '--json'])
    const { events } = JSON.parse(stdout) as { events: { revision: number }[] }
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 121 }, (_, index) => index))
  })

  it('warns when the plan is not what its digest stands for, and shows the rest', async () => {
    const request = at.service.add()
    plan(at.service, request, forgedHead({ timestamp: 'none' }))
    const { code, stdout, stderr } = await countersign(['request', 'show', request.signingRequestId])
    expect(code).toBe(0)
    expect(stderr).toContain('PLAN_DAMAGED')
    expect(stdout).not.toContain('authenticode-sign')
  })

  it('says that there is no such request', async () => {
    const ran = await countersign(['request', 'show', '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b'])
    expect(ran.code).toBe(6)
    expect(ran.stderr).toMatch(/^error: SIGNING_REQUEST_NOT_FOUND: .*\nhint: `countersign request list`/)
  })

  it('says what an id looks like', async () => {
    const ran = await countersign(['request', 'show', '../../etc', '--json'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'ID_MALFORMED' } })
  })
})

describe('countersign request deny and cancel', () => {
  it.each([
    ['deny', '--comment', 'Denied'],
    ['cancel', '--reason', 'Canceled'],
  ])('%s answers the request as it is then', async (command, option, word) => {
    const { signingRequestId } = at.service.add()
    const ran = await countersign(['request', command, signingRequestId, option, 'no'])
    expect(ran).toMatchObject({ code: 0, stdout: `${word} ${signingRequestId}. It is InProgress (Submitted) now.\n` })
  })

  it('passes on why the service refused, with its code', async () => {
    const ran = await countersign(['request', 'deny', '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b', '--json'])
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'SIGNING_REQUEST_NOT_FOUND', exitCode: 6 } })
  })
})

describe('countersign request watch', () => {
  it('gives a line for each event and one for the request with --json', async () => {
    const request = at.service.add()
    for (let attempt = 1; attempt <= 70; attempt++) at.service.happen(request, 'SigningStarted', { attempt }, {})
    at.service.complete(request, Buffer.from('signed'))
    const ran = await countersign(['request', 'watch', request.signingRequestId, '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const lines = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; revision?: number })
    expect(lines.slice(0, -1).map(({ revision }) => revision)).toEqual(Array.from({ length: 72 }, (_, index) => index))
    expect(lines.at(-1)).toMatchObject({ kind: 'request', signingRequest: { status: 'Completed' } })
  })

  it('fails at once when nobody is there', async () => {
    const { signingRequestId } = at.service.add()
    await at.service.stop()
    expect(await countersign(['request', 'watch', signingRequestId])).toMatchObject({ code: 8 })
  })
})

describe('countersign request download', () => {
  it('saves the signed file', async () => {
    const request = at.service.add()
    at.service.complete(request, Buffer.from('signed'))
    const args = ['request', 'download', request.signingRequestId, '--out', 'signed.exe', '--json']
    const ran = await countersign(args)
    expect(JSON.parse(ran.stdout)).toEqual({
      signingRequestId: request.signingRequestId,
      out: join(at.folder, 'signed.exe'),
      fileName: 'setup.exe',
      sha256: sha256('signed'),
      size: 6,
    })
    expect(readFileSync(join(at.folder, 'signed.exe'), 'utf8')).toBe('signed')
  })

  it('saves where it comes from, as bundle or as envelope', async () => {
    const request = at.service.add()
    const download = (form: string) =>
      countersign(['request', 'download', request.signingRequestId, '--provenance', form, '--out', form])
    expect((await download('bundle')).stderr).toContain('error: PROVENANCE_NOT_FOUND: There is no provenance yet')
    at.service.complete(request, Buffer.from('signed'))
    const none = await download('envelope')
    expect(none.code).toBe(6)
    expect(none.stderr).toContain('its origin was not verified')
    at.service.state(request, Buffer.from('the envelope'), Buffer.from('the bundle'))
    for (const form of ['bundle', 'envelope']) {
      expect(await download(form)).toMatchObject({ code: 0 })
      expect(readFileSync(join(at.folder, form), 'utf8')).toBe(`the ${form}`)
    }
  })

  it('saves what build systems answered, each in a file of its own', async () => {
    const request = at.service.add()
    const evidence = (...args: readonly string[]) =>
      countersign(['request', 'evidence', request.signingRequestId, ...args, '--json'])
    expect(await evidence()).toMatchObject({ code: 6, stderr: expect.stringContaining('ORIGIN_EVIDENCE_NOT_FOUND') })
    at.service.verify(request, [Buffer.from('{"run":1}'), Buffer.from('{"run":2}')])
    expect(JSON.parse((await evidence()).stdout).evidence).toMatchObject([
      { name: 'run', sha256: sha256('{"run":1}'), size: 9, out: null },
      { name: 'run', sha256: sha256('{"run":2}'), size: 9, out: null },
    ])
    const { stdout } = await evidence('--out', '.')
    const saved = ['01-run.json', '02-run.json'].map((name) => join(at.folder, name))
    expect(JSON.parse(stdout).evidence.map(({ out }: { out: string }) => out)).toEqual(saved)
    expect(saved.map((path) => readFileSync(path, 'utf8'))).toEqual(['{"run":1}', '{"run":2}'])
  })

  it('saves what build systems answered in the folder that was named, whatever the service calls it', async () => {
    const request = at.service.add()
    at.service.verify(request, [Buffer.from('{"run":1}')], '/../../run\u001b.json')
    const args = ['request', 'evidence', request.signingRequestId, '--out', '.']
    expect(await countersign(args)).toMatchObject({ code: 0 })
    expect(readdirSync(at.folder).filter((name) => name !== 'setup.exe')).toEqual(['01-_.._.._run_.json'])
  })

  it('saves nothing when the link that the service gave out is none', async () => {
    const request = at.service.add()
    at.service.complete(request, Buffer.from('signed'))
    request.signedArtifactLink = 'http://[\u001b[2J'
    const args = ['request', 'download', request.signingRequestId, '--out', 'signed.exe']
    const ran = await countersign(args)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/^[\x20-\x7e\n]*error: ANSWER_UNEXPECTED: [\x20-\x7e\n]+$/)
    expect(readdirSync(at.folder)).toEqual(['setup.exe'])
  })

  it('says that there is nothing yet', async () => {
    const { signingRequestId } = at.service.add()
    const args = ['request', 'download', signingRequestId, '--out', 'signed.exe']
    const ran = await countersign(args)
    expect(ran.code).toBe(6)
    expect(ran.stderr).toContain('error: SIGNED_ARTIFACT_NOT_READY: ')
  })
})

function idsOf(stdout: string): string[] {
  const { signingRequests } = JSON.parse(stdout) as { signingRequests: { signingRequestId: string }[] }
  return signingRequests.map(({ signingRequestId }) => signingRequestId)
}
