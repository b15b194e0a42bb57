import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { areas, codesOfSource } from './support/codes-of-source.ts'

const root = join(import.meta.dirname, '..')

/** The first cells of the page's tables. */
function codesOfPage(): string[] {
  const page = readFileSync(join(root, 'docs/error-codes.md'), 'utf8')
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code ?? '')
}

describe('docs/error-codes.md', () => {
  const listed = codesOfPage()
  const found = codesOfSource()
  const meant = new Set([
    ...areas,
    ...listed.flatMap((code) => [code, ...areas.map((area) => code.replace('<area>', area))]),
  ])

  it('lists every code that the source names', () => {
    const missing = found.filter(({ code }) => !meant.has(code))
    expect(missing).toEqual([])
  })

  it('lists no code that the source does not name, and none twice', () => {
    const named = new Set(found.map(({ code }) => code))
    expect(listed.filter((code) => !named.has(code))).toEqual([])
    expect(listed.filter((code, index) => listed.indexOf(code) !== index)).toEqual([])
  })

  it('says of every code what it means and what to do', () => {
    const page = readFileSync(join(root, 'docs/error-codes.md'), 'utf8')
    const rows = page.split('\n').filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(200)
    expect(rows.filter((row) => !/^\| `[^`]+` \| [A-Z`\d].*\. \| [A-Z`\d].*[.?] \|$/.test(row))).toEqual([])
  })
})
