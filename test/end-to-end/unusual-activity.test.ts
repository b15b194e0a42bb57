import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { initialise } from '../../server/initialise.ts'
import { countersign, type ServiceProcess, startRoles } from '../support/service-processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

/** An installation with its administrator, whose service begins and ends as often as it is asked to. Temporal is away. */
async function installation() {
  const data = temporaryFolder()
  const environment = {
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1',
    COUNTERSIGN_TEMPORAL_ADDRESS: '127.0.0.1:9',
    COUNTERSIGN_PAYLOAD_KEY: randomBytes(32).toString('base64'),
  }
  const credentialsFile = join(data, 'tokens.json')
  const wanted = { organization: 'Acme', administrator: 'Ada', demo: false, credentialsFile }
  await initialise(readSettings({ environment }), wanted)
  await giveWorkflowBundle(data)
  const { administrator } = JSON.parse(readFileSync(credentialsFile, 'utf8')).users
  let service: ServiceProcess | undefined
  onTestFinished(async () => void (await service?.end('SIGKILL')))

  /** Asks as a proxy would for a client at this address. */
  async function ask(from: string, query: string, variables: object = {}, token: string = administrator.token) {
    const response = await fetch(`${service?.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-forwarded-for': from },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as { readonly data?: Readonly<Record<string, never>>; readonly errors?: unknown }
  }

  return {
    data,
    administrator,
    ask,
    createGroup: (from: string, name: string) =>
      ask(from, 'mutation ($name: String!) { createGroup(input: { name: $name, members: [] }) { position } }', {
        name,
      }),
    async start() {
      service = await startRoles('api,worker,projector', environment)
    },
    kill: async () => void (await service?.end('SIGKILL')),
    async audit(...args: readonly string[]) {
      const { stdout, stderr } = await countersign(['audit', ...args, '--json'], {
        COUNTERSIGN_URL: service?.url ?? '',
        COUNTERSIGN_TOKEN: administrator.token,
      }).done
      if (stdout === '') throw new Error(stderr)
      return JSON.parse(stdout)
    },
  }
}

describe('unusual activity', { timeout: 600_000 }, () => {
  it('is found by a worker in what clients do, recorded once whatever happens to it, and shown to auditors', async () => {
    const { data, administrator, start, kill, ask, createGroup, audit } = await installation()
    await start()
    expect((await createGroup('192.0.2.1', 'One')).errors).toBeUndefined()
    expect((await createGroup('198.51.100.7', 'Two')).errors).toBeUndefined()
    const found = async (count: number) => {
      const query = '{ unusualActivity { nodes { eventId } } }'
      const { data: answer } = await ask('192.0.2.1', query)
      const { nodes = [] } = (answer?.unusualActivity ?? {}) as { readonly nodes?: readonly object[] }
      return nodes.length >= count && nodes
    }
    const first = await until('it is found', () => found(1), 60_000)
    expect(first).toHaveLength(1)
    await kill()
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(data, `activity.db${suffix}`), { force: true })
    await start()
    // From a third network: it is found behind everything that is judged again.
    await createGroup('203.0.113.9', 'Three')
    await until('the next is found', () => found(2), 60_000)
    const { unusualActivity } = await audit('unusual-activity')
    expect(unusualActivity).toHaveLength(2)
    expect(unusualActivity[1]).toMatchObject({
      ...first[0],
      rule: 'tokenInTwoNetworks',
      description: expect.stringMatching(/^One API token was used from two networks within \d+ seconds\.$/),
      count: 1,
      subjects: [{ about: 'user', userId: administrator.userId, user: { name: 'Ada' } }],
      remoteAddress: '198.51.100.7',
      evidence: ['One', 'Two'].map(() => ({ streamId: expect.stringMatching(/^group-/) })),
    })
  })

  it('is told apart from refusals: a revoked token that is used is named, with whose it is', async () => {
    const { administrator, start, ask, audit } = await installation()
    await start()
    const { userId } = administrator
    const issued = await ask(
      '192.0.2.1',
      'mutation ($userId: ID!) { issueApiToken(input: { userId: $userId, name: "Old" }) { apiTokenId token } }',
      { userId },
    )
    const { apiTokenId = '', token = '' } = (issued.data?.issueApiToken ?? {}) as Readonly<Record<string, string>>
    const revoke =
      'mutation ($userId: ID!, $id: ID!) { revokeApiToken(input: { userId: $userId, apiTokenId: $id }) { position } }'
    expect((await ask('192.0.2.1', revoke, { userId, id: apiTokenId })).errors).toBeUndefined()
    await ask('198.51.100.7', '{ viewer { userId } }', {}, token)
    await until(
      'it is shown',
      async () => {
        const { data } = await ask('192.0.2.1', '{ securityRefusals(code: "TOKEN_REVOKED") { nodes { count } } }')
        return (data?.securityRefusals as { readonly nodes: readonly object[] } | undefined)?.nodes[0]
      },
      60_000,
    )
    expect((await audit('security', '--user', userId, '--code', 'TOKEN_REVOKED')).refusals).toMatchObject([
      {
        code: 'TOKEN_REVOKED',
        commands: ['authenticate'],
        actor: { kind: 'anonymous' },
        remoteAddress: '198.51.100.7',
        presented: { userId, apiTokenId, user: { name: 'Ada' } },
      },
    ])
  })
})
