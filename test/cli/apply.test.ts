import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { organizationFileSchema } from '../../cli/apply/organization-file.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Two Global Administrators at the command line of a service. */
async function administrators() {
  const server = await startGraphQLServer()
  const folder = temporaryFolder()
  const bea = await server.addUser('Bea', ['globalAdministrator'])
  const as =
    ({ token }: { readonly token: string }) =>
    async (...args: readonly string[]) => {
      await server.caughtUp()
      return runCommand(args, {
        environment: { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: token, NO_COLOR: '1' },
        workingDirectory: folder,
      })
    }
  const ada = as(server.administrator)
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await ada(...args, '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  const write = (document: unknown) => writeFileSync(join(folder, 'acme.yaml'), stringify(document))
  const apply = (...options: readonly string[]) => ada('apply', 'acme.yaml', ...options)
  return { server, folder, ada, bea: as(bea), json, write, apply }
}

type Server = Awaited<ReturnType<typeof startGraphQLServer>>

function policy(server: Server, more: object = {}) {
  return {
    slug: 'nightly',
    name: 'Nightly',
    certificate: server.certificateId,
    submitters: [{ user: server.submitter.userId }],
    approval: { approvers: [{ group: 'Release managers' }], requiredApprovals: 1 },
    timestamp: 'none',
    ...more,
  }
}

function organization(server: Server, more: object = {}, policyMore: object = {}) {
  return {
    version: 1,
    groups: [{ name: 'Release managers', description: 'Who approve', members: ['Anna', 'Bert'] }],
    projects: [
      { slug: 'App', name: 'The  App', readers: [{ user: 'Otto Auditor' }], policies: [policy(server, policyMore)] },
    ],
    ...more,
  }
}

const lines = (text: string) => text.trimEnd().split('\n')

describe('countersign apply', () => {
  it('makes what the file says, shows it first when asked, and does nothing the second time', async () => {
    const { server, ada, json, write, apply } = await administrators()
    write(organization(server))
    const dry = await apply('--dry-run')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toContain('+ group Release managers\n')
    expect(dry.stdout).toContain('members: "Anna", "Bert"')
    expect(dry.stdout).toContain('+ policy app/nightly\n')
    expect(dry.stdout).toContain('approval.approvers: "Release managers"')
    expect((await ada('project', 'show', 'app')).stderr).toContain('PROJECT_NOT_FOUND')

    const made = await apply()
    expect(made).toMatchObject({ code: 0, stdout: '3 changes made.\n' })
    expect(lines(made.stderr)).toEqual(['+ group Release managers', '+ project app', '+ policy app/nightly'])
    expect(await json('project', 'show', 'app')).toMatchObject({
      name: 'The App',
      readers: [{ user: { userId: server.auditor.userId } }],
    })
    const { current } = await json('policy', 'show', 'app/nightly')
    expect(current).toMatchObject({
      timestamp: 'none',
      approval: { approvers: [{ group: { name: 'Release managers' } }], requiredApprovals: 1 },
    })
    expect(await apply()).toMatchObject({ code: 0, stdout: 'Everything is as the file says.\n', stderr: '' })
    expect(await json('apply', 'acme.yaml', '--dry-run')).toEqual({ changes: [] })
  })

  it('changes only what is otherwise, each setting by itself', async () => {
    const { server, json, write, apply } = await administrators()
    write(organization(server))
    await apply()
    const changed = organization(server, {}, { name: 'Every night', approval: null })
    write({ ...changed, groups: [{ name: 'Release managers', members: ['Bert', server.auditor.userId] }] })
    const dry = await apply('--dry-run')
    expect(lines(dry.stdout)).toEqual([
      '~ group Release managers',
      '    description: "Who approve" → none',
      '~ group Release managers, its members',
      expect.stringMatching(/^ {4}members: -"Anna" \+"Otto Auditor"$/),
      '~ policy app/nightly',
      '    name: "Nightly" → "Every night"',
      expect.stringMatching(/^ {4}approval: approvers "Release managers", requiredApprovals 1.* → none$/),
    ])
    const { changes } = await json('apply', 'acme.yaml')
    expect(
      changes.map((each: { action: string; kind: string; state: string }) => [each.action, each.kind, each.state]),
    ).toEqual([
      ['update', 'group', 'done'],
      ['changeMembers', 'group', 'done'],
      ['update', 'signingPolicy', 'done'],
    ])
    expect(await json('policy', 'show', 'app/nightly')).toMatchObject({
      current: { name: 'Every night', approval: null, version: 2 },
    })
    expect((await apply()).stdout).toBe('Everything is as the file says.\n')
  })

  it('puts out of use only with --prune, and into use again only when the file says so', async () => {
    const { server, json, write, apply } = await administrators()
    write(organization(server))
    await apply()
    const without = organization(server)
    const [app] = without.projects
    write({ version: 1, projects: [{ ...app, policies: [] }] })
    expect((await apply()).stdout).toBe('Everything is as the file says.\n')
    const pruned = await apply('--prune')
    expect(lines(pruned.stderr)).toEqual(['- policy app/nightly out of use', '- project demo out of use'])
    expect(await json('policy', 'show', 'app/nightly')).toMatchObject({ status: 'inactive' })
    // No project section: nothing of projects is looked at, even then.
    write({ version: 1, groups: [] })
    expect((await apply('--prune')).stdout).toBe('Everything is as the file says.\n')

    write(organization(server))
    const warned = await apply()
    expect(warned.stdout).toBe('Everything is as the file says.\n')
    expect(warned.stderr).toContain('policy app/nightly is out of use and stays so')
    write(organization(server, {}, { active: true, name: 'Again' }))
    expect(lines((await apply()).stderr)).toEqual(['~ policy app/nightly', '+ policy app/nightly into use again'])
    expect(await json('policy', 'show', 'app/nightly')).toMatchObject({ status: 'active', current: { name: 'Again' } })
  })

  it('proposes what needs approval, once, and goes on when it was approved', async () => {
    const { server, ada, bea, json, write, apply } = await administrators()
    await ada('organization', 'change-control', '--approvals', '1')
    write(organization(server))
    const first = await apply()
    expect(first.stdout).toBe('2 changes made; 1 proposed: others have to approve.\n')
    const again = await apply()
    expect(again.stdout).toBe('0 changes made; 1 proposed: others have to approve.\n')
    expect(again.stderr).toMatch(/^\? policy app\/nightly: proposed already as the change \S+\n$/)
    const { changeProposals } = await json('change', 'list')
    expect(changeProposals).toHaveLength(1)

    // Another wish about the same policy is another proposal; the older one lapses when one of them is applied.
    write(organization(server, {}, { name: 'Otherwise', active: false }))
    const other = await json('apply', 'acme.yaml')
    expect(other.changes.map(({ action, state }: { action: string; state: string }) => [action, state])).toEqual([
      ['create', 'proposed'],
      ['deactivate', 'waiting'],
    ])
    await bea('change', 'approve', other.changes[0].changeProposalId, '--yes')
    expect(lines((await apply()).stderr)).toEqual(['- policy app/nightly out of use'])
    write({
      version: 1,
      groups: [{ name: 'Release managers', description: 'Who approve', members: ['Anna', 'Otto Auditor'] }],
    })
    expect((await apply()).stderr).toMatch(/its members: proposed as the change/)
    expect((await apply()).stderr).toMatch(/its members: proposed already as the change/)
  })

  it('makes build systems and has them vouch for projects, and takes that away with --prune only', async () => {
    const { ada, json, write, apply } = await administrators()
    const jenkins = { slug: 'Jenkins', name: 'Our Jenkins', kind: 'jenkins' }
    const file = (more: object, systems: readonly object[] = [jenkins]) => ({
      version: 1,
      trustedBuildSystems: systems,
      projects: [{ slug: 'app', name: 'App', ...more }],
    })
    write(file({ trustedBuildSystems: ['jenkins'] }))
    const made = await apply()
    expect(lines(made.stderr)).toEqual([
      '+ trusted build system jenkins',
      '+ project app',
      '+ trusted build system jenkins vouches for project app',
    ])
    // Its first token is in nobody's hands.
    expect(made.stdout).toBe('3 changes made.\n')
    const shown = await json('trusted-build-system', 'show', 'jenkins')
    expect(shown).toMatchObject({ name: 'Our Jenkins', kind: 'jenkins', projects: [{ slug: 'app' }] })
    expect((await apply()).stdout).toBe('Everything is as the file says.\n')

    write(file({ trustedBuildSystems: [] }, [{ ...jenkins, description: 'In the cellar' }]))
    const kept = await apply()
    expect(kept.stderr).toContain('vouches for project app, which the file does not say')
    expect(kept.stdout).toBe('1 change made.\n')
    expect(lines((await apply('--prune')).stderr)).toContain('- trusted build system jenkins vouches for project app')
    write({ version: 1, trustedBuildSystems: [] })
    expect((await apply()).stdout).toBe('Everything is as the file says.\n')
    expect(lines((await apply('--prune')).stderr)).toEqual(['- trusted build system jenkins out of use'])

    write(file({ trustedBuildSystems: ['jenkins', 'other'] }, [{ ...jenkins, kind: 'custom' }]))
    const wrong = await apply()
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain(
      'trustedBuildSystems[0].kind: the build system jenkins is jenkins, and that is for good',
    )
    expect(wrong.stderr).toContain('projects[0].trustedBuildSystems[1]: there is no trusted build system other')

    await ada('organization', 'change-control', '--approvals', '1')
    write(file({ trustedBuildSystems: ['jenkins'] }, [{ ...jenkins, description: 'In the cellar', active: true }]))
    expect((await apply()).stdout).toBe('0 changes made; 2 proposed: others have to approve.\n')
    expect((await apply()).stderr).toMatch(/vouches for project app: proposed already as the change/)
  })

  it('links with settings, and with secrets where there are none yet', async () => {
    const { ada, bea, json, write, apply, folder } = await administrators()
    const settings = { baseUrl: 'https://dev.azure.com/example', project: 'Library' }
    const link = { buildSystem: 'azure', settings, secretFiles: { apiKey: 'key.txt' } }
    const file = (links: readonly unknown[]) => ({
      version: 1,
      trustedBuildSystems: [{ slug: 'azure', name: 'Azure', kind: 'azureDevOps' }],
      projects: [{ slug: 'app', name: 'App', trustedBuildSystems: links }],
    })
    write(file([link]))
    expect((await apply()).stderr).toContain('FILE_UNREADABLE')
    writeFileSync(join(folder, 'key.txt'), 'the key\n')
    expect((await apply()).stdout).toBe('1 change made.\n')
    const linked = async () => (await json('project', 'show', 'app')).trustedBuildSystemLinks
    expect(await linked()).toMatchObject([{ trustedBuildSystem: { slug: 'azure' }, settings, secrets: [{}] }])
    // The secret is there, and what it is nobody can compare; by its slug alone nothing of the link is looked at.
    for (const same of [link, { ...link, settings: { project: 'Library', baseUrl: settings.baseUrl } }, 'azure']) {
      write(file([same]))
      expect((await apply()).stdout).toBe('Everything is as the file says.\n')
    }
    await ada('organization', 'change-control', '--approvals', '1')
    write(file([{ buildSystem: 'azure', settings: { ...settings, poolIds: [7], project: 'Tools' } }]))
    const dry = await apply('--dry-run')
    expect(lines(dry.stdout)).toEqual([
      '~ trusted build system azure, its link to project app',
      '    settings.project: "Library" → "Tools"',
      '    settings.poolIds: none → 7',
    ])
    const { changes } = await json('apply', 'acme.yaml')
    expect((await apply()).stderr).toMatch(/its link to project app: proposed already as the change/)
    const { projectId } = await json('project', 'show', 'app')
    expect((await json('change', 'show', changes[0].changeProposalId)).difference).toEqual([
      expect.objectContaining({ path: `links[${projectId}].settings.project`, before: 'Library', after: 'Tools' }),
      expect.objectContaining({ path: `links[${projectId}].settings.poolIds`, after: [7] }),
    ])
    await bea('change', 'approve', changes[0].changeProposalId, '--yes')
    expect((await apply()).stdout).toBe('Everything is as the file says.\n')
    expect(await linked()).toMatchObject([{ settings: { ...settings, poolIds: [7], project: 'Tools' } }])
    const made = parse((await ada('organization', 'file')).stdout)
    expect(made.projects[0].trustedBuildSystems).toMatchObject([{ buildSystem: 'azure' }])
    write(file([link, 'azure']))
    expect((await apply()).stderr).toContain(
      'projects[0].trustedBuildSystems[1]: the build system azure is there twice',
    )
  })

  it('changes nothing for a file that is wrong, and says all that is', async () => {
    const { server, ada, json, write, apply } = await administrators()
    const cases: readonly (readonly [unknown, string, readonly string[]])[] = [
      [{ version: 2 }, 'ORGANIZATION_FILE_INVALID', ['version']],
      [{ version: 1, project: [] }, 'ORGANIZATION_FILE_INVALID', ['project']],
      [
        {
          version: 1,
          projects: [
            { slug: 'a', name: 'A' },
            { slug: 'A', name: 'B' },
          ],
        },
        'ORGANIZATION_FILE_INVALID',
        ['projects[1]: the project a is there twice'],
      ],
      [
        organization(server, { groups: [{ name: 'Others', members: ['Nobody'] }] }, { certificate: 'None' }),
        'REFERENCE_NOT_FOUND',
        [
          'groups[0].members[0]: there is no user Nobody',
          'projects[0].policies[0].certificate: there is no certificate None',
          'projects[0].policies[0].approval.approvers[0]: there is no group Release managers',
        ],
      ],
    ]
    for (const [document, code, named] of cases) {
      write(document)
      const ran = await apply()
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      for (const each of [code, ...named]) expect(ran.stderr).toContain(each)
    }
    expect((await ada('apply', 'nothing.yaml')).stderr).toContain('ORGANIZATION_FILE_UNREADABLE')
    await server.addUser('Anna', [])
    write(organization(server))
    expect((await apply()).stderr).toMatch(/2 users are called Anna: name one by its id/)
    expect(await json('group', 'list')).toEqual({ groups: [] })
  })

  it('says how far it came when the service refuses', async () => {
    const { server, json, write, apply } = await administrators()
    write(organization(server, {}, { approval: { approvers: [{ group: 'Release managers' }], requiredApprovals: 3 } }))
    const ran = await apply()
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain('2 of 3 changes were carried out')
    expect(ran.stderr).toMatch(/error: \w*APPROV\w+/)
    write(organization(server))
    expect((await apply()).stdout).toBe('1 change made.\n')
    expect(await json('policy', 'show', 'app/nightly')).toMatchObject({ status: 'active' })
  })

  it('has a file made of what there is, which changes nothing', async () => {
    const { server, ada, write, apply, json, folder } = await administrators()
    write(organization(server, {}, { active: false, changeControl: { requiredApprovals: 1 } }))
    await apply()
    // A name that two have, and somebody who was deactivated: both are named by their ids.
    await server.addUser('Otto Auditor', [])
    await ada('user', 'deactivate', server.approvers[0].userId)
    const { stdout, stderr } = await ada('organization', 'file')
    expect(stderr).toBe('')
    const file = parse(stdout)
    const app = file.projects.find(({ slug }: { slug: string }) => slug === 'app')
    expect(app).toMatchObject({
      readers: [{ user: server.auditor.userId }],
      policies: [{ slug: 'nightly', active: false, approval: { approvers: [{ group: 'Release managers' }] } }],
    })
    expect(new Set(file.groups[0].members)).toEqual(new Set([server.approvers[0].userId, 'Bert']))
    expect(await json('organization', 'file')).toEqual(file)
    writeFileSync(join(folder, 'acme.yaml'), stdout)
    expect((await apply('--prune')).stdout).toBe('Everything is as the file says.\n')
  })

  it('takes a file of the schema that is published', () => {
    const path = join(import.meta.dirname, '../../docs/organization-file.schema.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(organizationFileSchema())))
  })
})
