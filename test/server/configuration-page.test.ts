import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { knownEnvironmentVariables, readSettings } from '../../server/configuration.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

/** The rows of the page's tables that are about a variable: variable → what stands behind it. */
const rows = new Map(
  [...page.matchAll(/^\| `(COUNTERSIGN_\w+)` \| (.+) \|$/gm)].map(([, name = '', cells = '']) => [
    name,
    cells.split(' | '),
  ]),
)

describe('docs/configuration.md', () => {
  it('explains every setting', () => {
    const missing = knownEnvironmentVariables().filter((name) => !page.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  it('explains no setting that there is not', () => {
    const named = [...page.matchAll(/COUNTERSIGN_[A-Z0-9_]+/g)].map(([name]) => name)
    expect(named.filter((name) => !knownEnvironmentVariables().includes(name))).toEqual([])
  })

  it('names every kind of source that can have a limit', () => {
    const meaning = rows.get('COUNTERSIGN_SOURCE_LIMITS')?.at(-1) ?? ''
    for (const kind of ['uploadedFile', 'link', 'announcedUpload', 'earlierRequest']) {
      expect(meaning).toContain(`\`${kind}\``)
      const environment = { COUNTERSIGN_SOURCE_LIMITS: `${kind}=1` }
      expect(readSettings({ environment }).sourceLimits).toEqual({ [kind]: 1 })
    }
  })

  it('names the defaults that settings have', () => {
    const { host, port, data, maximumArtifactSize, temporalNamespace, logLevel } = readSettings({ environment: {} })
    const defaults = { HOST: host, PORT: port, DATA: data, TEMPORAL_NAMESPACE: temporalNamespace, LOG_LEVEL: logLevel }
    for (const [name, value] of Object.entries(defaults))
      expect(rows.get(`COUNTERSIGN_${name}`)?.[1]).toBe(`\`${value}\``)
    expect(rows.get('COUNTERSIGN_MAXIMUM_ARTIFACT_SIZE')?.[1]).toBe(String(maximumArtifactSize))
  })
})
