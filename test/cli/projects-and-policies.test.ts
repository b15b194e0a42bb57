import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { policySchema } from '../../cli/policy-file.ts'
import { sourceSummaryOf } from '../../cli/source-summary-options.ts'
import { programConfiguration } from '../support/configurations.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The command line of an administrator against the real API. */
async function administrator() {
  const server = await startGraphQLServer()
  const folder = temporaryFolder()
  const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token }
  const run = (...args: readonly string[]) => runCommand(args, { environment, workingDirectory: folder })
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(...args, '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  return { server, folder, run, json }
}

describe('artifact configurations', () => {
  it('are checked, created, changed, shown, made the default, and named by submissions', async () => {
    const { server, folder, run, json } = await administrator()
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
    write('wrong.xml', programConfiguration().replace('<authenticode-sign/>', '<nonsense/>'))
    const wrong = await run('artifact-configuration', 'validate', '--file', 'wrong.xml')
    expect(wrong).toMatchObject({ code: 6, stdout: expect.stringMatching(/^wrong\.xml:4:5: error: .+ \([A-Z_]+\)\n/) })
    write('installer.xml', programConfiguration('first'))
    expect(await json('artifact-configuration', 'validate', '--file', 'installer.xml')).toMatchObject({ isValid: true })
    const of = ['--project', 'demo', '--slug', 'installer']
    await json('artifact-configuration', 'create', ...of, '--file', 'installer.xml', '--name', 'Installer')
    write('installer.xml', programConfiguration('second'))
    await json('artifact-configuration', 'update', ...of, '--file', 'installer.xml', '--reason', 'Signs more')
    await json('artifact-configuration', 'update', ...of, '--description', 'What we deliver')
    await json('artifact-configuration', 'set-default', ...of)
    expect(await json('artifact-configuration', 'show', ...of, '--at-version', '1')).toMatchObject({
      name: 'Installer',
      description: 'What we deliver',
      isDefault: true,
      revision: 2,
      current: { version: 2, reason: 'Signs more' },
      document: programConfiguration('first'),
    })
    expect((await run('artifact-configuration', 'show', ...of, '--document')).stdout).toBe(
      programConfiguration('second'),
    )
    expect((await run('artifact-configuration', 'versions', ...of)).stdout).toMatch(/2 +\S+.*Ada Admin.*Signs more/)
    expect((await run('artifact-configuration', 'list')).stdout).toMatch(/demo\/installer +Installer +\S+ +default +2/)
    await json('artifact-configuration', 'deactivate', ...of, '--reason', 'It signs too much')
    write('setup.exe', 'a program')
    const sign = async (...said: readonly string[]) => {
      const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.submitter.token }
      const args = ['sign', 'setup.exe', '--project', 'demo', '--policy', 'test-signing', '--no-wait', ...said]
      return runCommand(args, { environment, workingDirectory: folder })
    }
    expect((await sign()).stderr).toContain('ARTIFACT_CONFIGURATION_INACTIVE')
    await json('artifact-configuration', 'reactivate', ...of)
    const named = ['--artifact-configuration', 'installer', '--parameter', 'edition=home']
    expect((await sign(...named)).stderr).toContain('PARAMETER_UNKNOWN')
    expect(await run('artifact-configuration', 'show', '--project', 'demo', '--slug', 'none')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('ARTIFACT_CONFIGURATION_NOT_FOUND'),
    })
  })
})

describe('projects', () => {
  it('are created, changed in what options say, deactivated, reactivated and shown', async () => {
    const { server, run, json } = await administrator()
    const reader = `user:${server.auditor.userId}`
    const { projectId } = await json('project', 'create', 'driver', '--name', 'Driver', '--reader', reader)
    expect(await json('project', 'update', 'driver', '--description', 'The driver')).toMatchObject({
      projectId,
      changeProposalId: null,
    })
    const { stdout } = await run('project', 'show', projectId)
    expect(stdout).toMatch(/project +driver/)
    expect(stdout).toMatch(/readers +Otto Auditor/)
    expect(stdout).toMatch(/2 +\S+.* +Ada Admin +Driver/)
    await json('project', 'update', 'driver', '--no-readers', '--repository-url', 'https://git.example/driver')
    expect(await json('project', 'show', 'driver')).toMatchObject({
      description: 'The driver',
      repositoryUrl: 'https://git.example/driver',
      readers: [],
      revision: 2,
    })
    await json('project', 'deactivate', 'driver', '--reason', 'moved')
    expect(await json('project', 'show', 'driver')).toMatchObject({ status: 'inactive' })
    const stale = await run('project', 'reactivate', 'driver', '--based-on', '2')
    expect(stale).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
    await json('project', 'reactivate', 'driver')
    expect(await json('project', 'show', 'driver')).toMatchObject({ status: 'valid' })
  })

  it('are named by slug or id, and people by what they are', async () => {
    const { run } = await administrator()
    expect(await run('project', 'show', 'nothing')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('PROJECT_NOT_FOUND'),
    })
    const wrong = await run('project', 'create', 'x', '--name', 'X', '--reader', 'Ada')
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('user:ID') })
  })
})

describe('signing policies', () => {
  it('are made of a file and options, and changed in what options say', async () => {
    const { server, folder, run, json } = await administrator()
    const [anna, bert] = server.approvers
    writeFileSync(
      join(folder, 'policy.yaml'),
      `name: Nightly
certificate: ${server.certificateId}
submitters: [{ user: ${server.submitter.userId} }]
approval: { approvers: [{ user: ${anna.userId} }, { user: ${bert.userId} }], requiredApprovals: 1 }
`,
    )
    await json('policy', 'create', 'nightly', '--project', 'demo', '--file', 'policy.yaml', '--timestamp', 'none')
    await json('policy', 'update', 'demo/nightly', '--required-approvals', '2', '--deadline-seconds', '3600')
    const policy = await json('policy', 'show', 'demo/nightly')
    expect(policy).toMatchObject({ slug: 'nightly', status: 'active', revision: 1 })
    expect(policy.versions).toHaveLength(2)
    expect(policy.current).toMatchObject({
      name: 'Nightly',
      timestamp: 'none',
      approval: { requiredApprovals: 2, submitterMayApprove: false, deadlineSeconds: 3600 },
      existingSignatures: ['replace', 'append', 'refuse'],
      changeControl: null,
    })
    expect((await run('policy', 'show', policy.signingPolicyId)).stdout).toMatch(
      /approval +2 of Anna, Bert, within 3600 s/,
    )
    await json('policy', 'deactivate', 'demo/nightly')
    await json('policy', 'reactivate', 'demo/nightly')
    // As a whole again: what the file does not say is as it is by default.
    await json('policy', 'update', 'demo/nightly', '--file', 'policy.yaml')
    expect((await json('policy', 'show', 'demo/nightly')).current).toMatchObject({
      timestamp: 'required',
      approval: { requiredApprovals: 1, deadlineSeconds: null },
    })
    expect(await run('policy', 'show', 'demo/other')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('SIGNING_POLICY_NOT_FOUND'),
    })
  })

  it('demand summaries of the source as options say, the rest as it was, where origins are verified', async () => {
    const folder = temporaryFolder()
    for (const key of ['a', 'b']) writeFileSync(join(folder, `${key}.pem`), key)
    const verifiers = [{ id: 'https://verifier.example/?a=b', publicKeys: ['a', 'b'] }]
    const sourceVerifier = ['https://verifier.example/?a=b=a.pem', 'https://verifier.example/?a=b=b.pem']
    const rule = await sourceSummaryOf(folder, { sourceLevel: '3', sourceVerifier, sourceMaximumAge: '30d' }, null)
    expect(rule).toEqual({ level: 3, verifiers, maximumAgeSeconds: 30 * 86_400 })
    const before = { level: 3, verifiers, maximumAgeSeconds: 60 }
    expect(await sourceSummaryOf(folder, { sourceMaximumAge: '0' }, before)).toEqual({
      ...before,
      maximumAgeSeconds: null,
    })
    expect(await sourceSummaryOf(folder, { sourceSummary: false }, before)).toBeNull()
    for (const wrong of [
      { sourceVerifier: ['https://x'] },
      { sourceSummary: false, sourceLevel: '1' },
      { sourceMaximumAge: 'old' },
    ])
      await expect(sourceSummaryOf(folder, wrong, before)).rejects.toMatchObject({ code: 'USAGE' })

    const environment = { COUNTERSIGN_URL: 'http://127.0.0.1:9', COUNTERSIGN_TOKEN: 'x' }
    const args = ['policy', 'create', 'x', '--project', 'demo', '--name', 'X', '--source-level', '3']
    const ran = await runCommand(args, { environment, workingDirectory: folder })
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('where origins are verified only') })
  })

  it.each([
    ['submitters', 'name: X\ncertificate: 0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b\nsubmitters: [{}]\n'],
    ['certificate', 'name: X\nsubmitters: []\n'],
    ['approver', 'name: X\ncertificate: 0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b\nsubmitters: []\napprover: 1\n'],
    ['policy.yaml', 'name: [\n'],
    ['policy.yaml', 'a: &a [x]\nname: *a\n'],
  ])('of a file that is wrong name %s', async (named, text) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'policy.yaml'), text)
    const environment = { COUNTERSIGN_URL: 'http://127.0.0.1:9', COUNTERSIGN_TOKEN: 'x' }
    const args = ['policy', 'create', 'x', '--project', 'demo', '--file', 'policy.yaml']
    const ran = await runCommand(args, { environment, workingDirectory: folder })
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('POLICY_FILE_INVALID') })
    expect(ran.stderr).toContain(named)
  })

  it('have the schema that is published', () => {
    const path = join(import.meta.dirname, '../../docs/signing-policy.schema.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(policySchema())))
  })
})
