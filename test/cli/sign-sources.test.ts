import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { answeringServer } from '../support/answering-server.ts'
import { signed, unsigned, useCommandLine } from '../support/command-line.ts'
import { sha256 } from '../support/stand-in-answers.ts'

const at = useCommandLine()
const { countersign, sign } = at
const link = 'https://builds.example.com/817/setup.exe?signature=secret-query'
const submit = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  countersign(['sign', '--project', 'demo', '--policy', 'test-signing', ...args], {
    environment: { ...at.environment, ...environment },
  })

describe('countersign sign --from-link', () => {
  it('has the service fetch the artifact: headers from variables and a file, the name from the link', async () => {
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    writeFileSync(join(at.folder, 'headers'), 'X-Build: 817\r\n\r\nX-Of: a: b \n')
    const headers = ['--link-header-env', 'Authorization=LINK_AUTHORIZATION', '--link-headers-file', 'headers']
    const digest = sha256(unsigned).toUpperCase()
    const ran = await submit(['--from-link', link, ...headers, '--sha256', digest, '--out', 'signed.exe'], {
      LINK_AUTHORIZATION: 'Bearer secret-value',
    })
    expect(ran).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
    expect(at.service.submissions).toMatchObject([
      {
        link: {
          url: link,
          fileName: 'setup.exe',
          sha256: sha256(unsigned),
          headers: [
            { name: 'Authorization', value: 'Bearer secret-value' },
            { name: 'X-Build', value: '817' },
            { name: 'X-Of', value: 'a: b' },
          ],
        },
      },
    ])
    expect(at.service.calls).not.toContain('POST /uploads')
    expect(ran.stderr + ran.stdout).not.toContain('secret-')
  })

  it('takes the link from a file, and a name of its own', async () => {
    writeFileSync(join(at.folder, 'link'), `${link}\n`)
    expect(await submit(['--from-link-file', 'link', '--file-name', 'app.exe', '--no-wait'])).toMatchObject({ code: 0 })
    expect(at.service.submissions).toMatchObject([{ link: { url: link, fileName: 'app.exe', sha256: null } }])
  })

  it('refuses what says too little or too much before anything is sent, and repeats nothing secret', async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['setup.exe', '--from-link', link], 'FILE and --from-link exclude each other'],
      [['--from-link', link, '--from-link-file', 'x'], 'exclude each other'],
      [['--from-link', link, '--upload-later'], 'exclude each other'],
      [['--from-link', 'secret-link'], 'gives no https URL'],
      [['--from-link', 'name: secret-link'], 'gives no https URL'],
      [['--from-link', 'https://builds.example.com/artifacts/817?secret-'], '--file-name is needed'],
      [['--from-link', 'https://builds.example.com/a%zz.exe'], '--file-name is needed'],
      [['--from-link', link, '--sha256', 'abc'], '--sha256 is not'],
      [['--from-link', link, '--link-header-env', 'Authorization: Bearer secret-'], 'takes the name of a header'],
      [['--from-link', link, '--link-header-env', 'Authorization=Bearer secret-'], 'takes the name of a header'],
      [['--from-link', link, '--link-header-env', 'Author ization=TOKEN'], 'takes the name of a header'],
      [['--from-link', link, '--link-header-env', 'Authorization=UNSET'], 'names for Authorization is not set'],
      [['--from-link', link, '--link-header-env', 'X-Key=ghp_secret_value'], 'names for X-Key is not set, or empty'],
      [['--from-link', link, '--link-headers-file', 'wrong'], 'Line 2 of wrong is no header'],
      [['--from-link', link, '--link-headers-file', 'missing'], 'cannot be read: ENOENT'],
      [['setup.exe', '--link-header-env', 'Authorization=TOKEN'], '--link-header-env goes with --from-link'],
      [['setup.exe', '--sha256', 'a'.repeat(64)], '--sha256 and FILE exclude each other'],
      [['setup.exe', '--file-name', 'a.exe'], '--file-name and FILE exclude each other'],
      [['--upload-later', '--file-name', 'a.exe'], '--upload-later needs FILE'],
      [[], 'FILE is needed'],
      [['setup.exe', '--cancel-after', 'never'], '--cancel-after is not a duration'],
      [['setup.exe', '--cancel-after', '367d'], '--cancel-after is not a duration between 1 second and 366 days'],
    ]
    writeFileSync(join(at.folder, 'wrong'), 'X-Build: 817\nsecret-\n')
    for (const [args, message] of wrong) {
      const ran = await submit([...args, '--no-wait'], { TOKEN: 'secret-' })
      expect(ran, args.join(' ')).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toContain(message)
      expect(ran.stderr).not.toMatch(/secret[-_]/)
    }
    expect(at.service.calls).toEqual([])
  })
})

describe('countersign sign --upload-later', () => {
  it('says what will be sent, and `request upload` sends it, once', async () => {
    const ran = await sign(['--upload-later', '--no-wait', '--cancel-after', '2h'])
    expect(ran).toMatchObject({ code: 0 })
    const id = ran.stdout.trim()
    expect(ran.stderr).toContain(`countersign request upload ${id} FILE`)
    const announcedUpload = { fileName: 'setup.exe', sha256: sha256(unsigned) }
    expect(at.service.submissions).toMatchObject([{ announcedUpload, cancelAfterSeconds: 7200 }])
    expect(at.service.calls).not.toContain('POST /uploads')

    const expected = { signingRequestId: id, ...announcedUpload, size: unsigned.length }
    for (const sent of [1, 1]) {
      const uploaded = await countersign(['request', 'upload', id, 'setup.exe', '--json'])
      expect(uploaded).toMatchObject({ code: 0 })
      expect(JSON.parse(uploaded.stdout)).toEqual(expected)
      expect(at.service.calls.filter((call) => call.endsWith('/UnsignedArtifact'))).toHaveLength(sent)
    }
  })

  it('needs no file here, when name and digest are known', async () => {
    const digest = sha256(unsigned)
    const announced = await submit([
      '--upload-later',
      '--file-name',
      'app.exe',
      '--sha256',
      digest,
      '--no-wait',
      '--cancel-after',
      '30d',
    ])
    expect(announced).toMatchObject({ code: 0 })
    expect(at.service.submissions).toMatchObject([
      { announcedUpload: { fileName: 'app.exe', sha256: digest }, cancelAfterSeconds: 30 * 86_400 },
    ])
  })

  it('sends nothing that was not announced, nor to a request that waits for nothing', async () => {
    const id = (await sign(['--upload-later', '--no-wait'])).stdout.trim()
    const request = at.service.requests.get(id)
    const upload = async (which: string, file = 'setup.exe') => {
      const { code, stderr } = await countersign(['request', 'upload', which, file])
      return [code, /error: (\w+)/.exec(stderr)?.[1]]
    }
    writeFileSync(join(at.folder, 'other.exe'), 'another program')
    expect(await upload(id, 'other.exe')).toEqual([6, 'ARTIFACT_MISMATCH'])
    expect(await upload(at.service.add().signingRequestId)).toEqual([6, 'UPLOAD_NOT_AWAITED'])
    expect(await upload(crypto.randomUUID())).toEqual([6, 'SIGNING_REQUEST_NOT_FOUND'])
    expect(await upload(id, 'missing.exe')).toEqual([2, 'FILE_NOT_FOUND'])
    if (request !== undefined) Object.assign(request, { workflowStatus: 'Canceled', uploadLink: null })
    expect(await upload(id)).toEqual([6, 'SIGNING_REQUEST_FINAL'])
    expect(at.service.calls.filter((call) => call.endsWith('/UnsignedArtifact'))).toEqual([])
  })
})

describe('countersign sign, of what it says of its build', () => {
  const origin = ['--origin-repository', 'https://git.example.com/app', '--origin-branch', 'main']
  const github = (url: string) => ({
    ACTIONS_ID_TOKEN_REQUEST_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary-request',
  })

  it('sends origin, fields and secrets, which come from variables and files and are never repeated', async () => {
    writeFileSync(join(at.folder, 'key'), 'canary-file\n')
    const build = ['--build', 'runId=4711', '--build', 'job=team/app=1', '--build-url', 'https://ci.example.com/7']
    const secrets = ['--build-secret-env', 'accessToken=JOB_TOKEN', '--build-secret-file', 'other=key']
    const ran = await submit(['setup.exe', '--no-wait', ...origin, ...build, ...secrets], { JOB_TOKEN: 'canary-env' })
    expect(ran).toMatchObject({ code: 0 })
    expect(at.service.submissions).toMatchObject([
      {
        origin: {
          repositoryData: { url: 'https://git.example.com/app', branchName: 'main', commitId: null },
          buildData: { url: 'https://ci.example.com/7' },
        },
        build: {
          fields: { runId: '4711', job: 'team/app=1' },
          secrets: [
            { name: 'accessToken', value: 'canary-env' },
            { name: 'other', value: 'canary-file' },
          ],
        },
      },
    ])
    expect(ran.stderr + ran.stdout).not.toContain('canary')
  })

  it('sends verification summaries of the source before it asks whether the artifact would be taken', async () => {
    for (const level of [2, 3]) writeFileSync(join(at.folder, `level-${level}.json`), `{"level":${level}}`)
    const summaries = ['--source-summary', 'level-2.json', '--source-summary', 'level-3.json']
    expect(await submit(['setup.exe', '--no-wait', ...summaries])).toMatchObject({ code: 0 })
    expect(at.service.calls.filter((call) => call === 'POST /uploads')).toHaveLength(3)
    const [submission] = at.service.submissions
    const sourceSummaryUploadIds = [expect.any(String), expect.any(String)]
    expect(submission).toMatchObject({ origin: { repositoryData: null, buildData: null, sourceSummaryUploadIds } })
    expect(await submit(['setup.exe', '--no-wait', '--source-summary', 'none.json'])).toMatchObject({ code: 2 })
  })

  it('calls by the token of the job alone only where the organization is named, and no API token is', async () => {
    const alone = { ...github('http://127.0.0.1:9'), COUNTERSIGN_TOKEN: '' }
    const organization = '6f1f2c3e-0d5b-4b7e-9a3f-5b1c2d3e4f50'
    const token = ['--identity-token', '--audience', 'us', '--organization-id']
    for (const [args, environment, message] of [
      [[...token, 'none'], alone, '--organization-id (or COUNTERSIGN_ORGANIZATION) is not the id'],
      [[...token, organization], alone, 'GitHub could not be reached'],
      [['--organization-id', organization], alone, '--organization-id goes with --identity-token'],
      [[...token, organization], {}, 'an API token is named, which says the organization'],
    ] as const) {
      const ran = await submit(['setup.exe', '--no-wait', ...args], environment)
      expect([ran.code === 0, ran.stderr]).toEqual([false, expect.stringContaining(message)])
    }
    expect(at.service.calls).toEqual([])
  })

  it('asks GitHub for a token for this artifact alone, and takes the one that GitLab gave', async () => {
    const server = await answeringServer((request, response) => {
      const audience = new URL(request.url ?? '', 'http://github').searchParams.get('audience')
      const isRight = request.headers.authorization === 'Bearer canary-request'
      response.writeHead(isRight ? 200 : 401).end(JSON.stringify({ count: 1, value: `token for ${audience}` }))
    })
    const token = ['--identity-token', '--audience', 'https://signing.example.com']
    const ran = await submit(['setup.exe', '--no-wait', ...token], github(`${server.url}/token?api-version=2.0`))
    expect(ran).toMatchObject({ code: 0 })
    const value = `token for https://signing.example.com#sha256=${sha256(unsigned)}`
    expect(at.service.submissions).toMatchObject([{ build: { secrets: [{ name: 'identityToken', value }] } }])
    expect(await submit(['setup.exe', '--no-wait', '--identity-token'], { SIGNING_ID_TOKEN: 'a.b.c' })).toMatchObject({
      code: 0,
    })
    expect(at.service.submissions[1]).toMatchObject({
      build: { secrets: [{ name: 'identityToken', value: 'a.b.c' }] },
    })
  })

  it('refuses what says too little, and a job without a token, before anything is sent', async () => {
    const server = await answeringServer((_, response) => response.writeHead(403).end('canary-answer'))
    const wrong: readonly (readonly [readonly string[], Record<string, string>, string])[] = [
      [['--build', 'runId'], {}, '--build takes a name'],
      [['--build', 'runId=1', '--build', 'runId=2'], {}, '--build gives runId a second time'],
      [
        ['--build-secret-env', 'accessToken=T', '--build-secret-env', 'accessToken=U'],
        { T: 'canary-t', U: 'canary-u' },
        '--build-secret-env gives accessToken a second time',
      ],
      [['--build-secret-env', 'canary-value'], {}, '--build-secret-env takes a name'],
      [['--build-secret-env', 'accessToken=UNSET'], {}, 'is not set, or empty'],
      [['--build-secret-file', 'accessToken=missing'], {}, 'cannot be read: ENOENT'],
      [['--audience', 'x'], {}, '--audience goes with --identity-token'],
      [['--identity-token'], {}, 'finds no token of a job'],
      [['--identity-token'], github(server.url), '--audience is needed'],
      [['--identity-token', '--audience', 'x'], github(server.url), 'GitHub answered 403'],
      [['--identity-token', '--audience', 'x'], github('http://127.0.0.1:9'), 'GitHub could not be reached'],
      [['--identity-token', '--build-secret-env', 'identityToken=T'], { T: 'canary-t' }, 'exclude each other'],
    ]
    for (const [args, environment, message] of wrong) {
      const ran = await submit(['setup.exe', '--no-wait', ...args], environment)
      expect([ran.code === 0, ran.stderr]).toEqual([false, expect.stringContaining(message)])
      expect(ran.stderr).not.toContain('canary')
    }
    expect(at.service.submissions).toEqual([])
  })
})
