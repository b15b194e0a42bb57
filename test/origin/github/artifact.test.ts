import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { GitHubStandIn } from '../../support/build-systems/github.ts'
import { gitHubCase, strictGitHub } from '../../support/build-systems/github-question.ts'
import { buildZip } from '../../support/zip-builder.ts'

/** Changes the file that the store has, with the digest that GitHub names for it. */
function have({ world }: GitHubStandIn, name: string, bytes: Buffer): void {
  world.artifactBytes = bytes
  world.artifact.name = name
  world.artifact.digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function fetched(gitHub: GitHubStandIn, build: object = { artifactId: 7001 }) {
  const { connector, question, tools } = gitHubCase(gitHub, { build: { ...build }, artifact: null })
  const artifact = await connector.fetchArtifact?.(question, tools)
  if (artifact === undefined) throw new Error('Nothing was fetched.')
  const chunks: Uint8Array[] = []
  for await (const chunk of artifact.bytes) chunks.push(chunk)
  return { ...artifact, read: Buffer.concat(chunks), kept: [...tools.kept.values()].join() }
}

describe('an artifact of GitHub Actions', () => {
  it('is fetched by its id from where GitHub leads, without credentials, and with its address in nothing', async () => {
    const gitHub = await strictGitHub()
    const { fileName, read, sha256, size, kept } = await fetched(gitHub)
    expect([fileName, size]).toEqual(['program.zip', gitHub.world.artifactBytes.byteLength])
    expect(read.equals(gitHub.world.artifactBytes)).toBe(true)
    expect(`sha256:${sha256}`).toBe(gitHub.world.artifact.digest)
    expect(gitHub.store.asked).toHaveLength(1)
    expect(gitHub.store.asked[0]?.headers.authorization).toBeUndefined()
    expect(kept).not.toContain('canary')
  })

  it.each([
    ['program', 'program.zip', 'zip'],
    ['program.nupkg', 'program.nupkg', 'zip'],
    ['setup.zip', 'setup.zip', 'zip'],
    ['setup.exe', 'setup.exe', 'raw'],
    // Named like one, and none: the content decides.
    ['notes.zip', 'notes.zip', 'raw'],
    ['tiny', 'tiny', 'tiny'],
  ])('named %s becomes the file %s (%s)', async (name, fileName, content) => {
    const gitHub = await strictGitHub()
    const bytes = {
      zip: buildZip([{ name: 'a', content: 'b' }]),
      raw: Buffer.from('MZ no zip'),
      tiny: Buffer.from('P'),
    }
    have(gitHub, name, bytes[content as keyof typeof bytes])
    expect((await fetched(gitHub)).fileName).toBe(fileName)
  })

  it('may be empty, a ZIP without entries, or without a digest', async () => {
    const gitHub = await strictGitHub()
    for (const bytes of [Buffer.alloc(0), buildZip([])]) {
      have(gitHub, 'nothing', bytes)
      expect((await fetched(gitHub)).read.equals(bytes)).toBe(true)
    }
    gitHub.world.artifact.digest = null
    expect((await fetched(gitHub)).sha256).toBeNull()
  })

  it.each([
    '../evil.dll',
    'a/../../evil.dll',
    '..\\evil.dll',
    '/etc/passwd',
    'C:\\evil.dll',
    'c:evil.dll',
    'a/..',
    'a\0b',
  ])('is refused for its entry %j', async (name) => {
    const gitHub = await strictGitHub()
    have(
      gitHub,
      'program',
      buildZip([
        { name: 'good.exe', content: 'x' },
        { name, content: 'y' },
      ]),
    )
    await expect(fetched(gitHub)).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_PATH_REFUSED', isPassing: false })
  })

  it.each(['..a', 'a..b/c', '.../a', 'a/b.c/..d'])('may have an entry %j', async (name) => {
    const gitHub = await strictGitHub()
    have(gitHub, 'program', buildZip([{ name, content: 'y' }]))
    expect((await fetched(gitHub)).size).toBeGreaterThan(0)
  })

  it('is refused when it begins as a ZIP and its entries cannot be read', async () => {
    const gitHub = await strictGitHub()
    const zip = buildZip([{ name: 'a', content: 'b' }])
    for (const bytes of [
      zip.subarray(0, -22),
      zip.subarray(0, 40),
      Buffer.concat([zip.subarray(0, 31), zip.subarray(40)]),
    ]) {
      have(gitHub, 'program', Buffer.from(bytes))
      await expect(fetched(gitHub)).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_ZIP_MALFORMED', isPassing: false })
    }
  })

  it('is fetched again when it was cut, and refused when it is another one', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.store = 'cuts'
    await expect(fetched(gitHub)).rejects.toMatchObject({ isPassing: true })
    gitHub.world.store = 'refuses'
    const refused = await fetched(gitHub).catch((error: unknown) => error)
    expect(refused).toMatchObject({ isPassing: true })
    expect(`${refused} ${JSON.stringify(refused)}`).not.toContain('canary')
    gitHub.world.store = 'gives'
    gitHub.world.artifact.digest = `sha256:${'0'.repeat(64)}`
    await expect(fetched(gitHub)).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_MISMATCH', isPassing: false })
  })

  it('is refused when it is gone, is none, or may not be read', async () => {
    const gitHub = await strictGitHub()
    await expect(fetched(gitHub, {})).rejects.toMatchObject({ code: 'ORIGIN_BUILD_UNNAMED' })
    await expect(fetched(gitHub, { artifactId: 7002 })).rejects.toMatchObject({ code: 'ORIGIN_API_NOT_FOUND' })
    gitHub.world.artifact.expired = true
    await expect(fetched(gitHub)).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_EXPIRED', isPassing: false })
    gitHub.world.permissions.delete('actions')
    await expect(fetched(gitHub)).rejects.toThrow(/actions: read/)
  })
})
