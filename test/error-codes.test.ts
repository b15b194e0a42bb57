import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const rooms =
  '{activities,application,artifacts,cli,domain,event-log,graphql,http,projections,rest,server,signing,workflows}'

/** Names of others that look like codes of ours: of PKCS#11, Temporal, Node, its TLS, undici, the system, and environment variables. */
const foreign =
  /^(?:CK[AMR]_|COUNTERSIGN_|UND_ERR_|EAI_|HPE_|ERR_HTTP_|ERR_STREAM_|ERR_TLS_|CERT_HAS_EXPIRED$|CERT_NOT_YET_VALID$|USE_EXISTING$)/

const oneWord = /^[A-Z][A-Z0-9]+$/

type Found = { readonly code: string; readonly path: string }

/**
 * The codes that the source names: every text in capitals with an underscore, wherever it stands, because codes pass
 * through tables and functions; and other texts in capitals where they are a `code` or what an error is made with.
 */
function codesOfSource(): Found[] {
  return globSync(`${rooms}/**/*.{ts,js,mjs}`, { cwd: root }).flatMap((path) => {
    const found: Found[] = []
    const take = (code: unknown, pattern: RegExp) => {
      if (typeof code === 'string' && pattern.test(code) && !foreign.test(code)) found.push({ code, path })
    }
    const { program } = parseSync(path, readFileSync(join(root, path), 'utf8'))
    new Visitor({
      Literal: ({ value }) => take(value, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/),
      NewExpression({ callee, arguments: [first] }) {
        if (callee.type === 'Identifier' && /^(?:Refusal|.*Error)$/.test(callee.name) && first?.type === 'Literal')
          take(first.value, oneWord)
      },
      AssignmentPattern({ left, right }) {
        if (left.type === 'Identifier' && left.name === 'code' && right.type === 'Literal') take(right.value, oneWord)
      },
      Property({ key, value }) {
        if (key.type === 'Identifier' && key.name === 'code' && value.type === 'Literal') take(value.value, oneWord)
      },
      TemplateLiteral({ quasis: [before, after, ...others], expressions: [expression] }) {
        const isArea = expression?.type === 'Identifier' && expression.name === 'area'
        if (isArea && before?.value.raw === '' && others.length === 0)
          take(`<area>${after?.value.raw}`, /^<area>_[A-Z0-9_]+$/)
      },
    }).visit(program)
    return found
  })
}

/** The first cells of the page's tables. */
function codesOfPage(): string[] {
  const page = readFileSync(join(root, 'docs/error-codes.md'), 'utf8')
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code ?? '')
}

describe('docs/error-codes.md', () => {
  const listed = codesOfPage()
  const areas = ['AUTHENTICODE', 'AUTHENTICODE_TIMESTAMP', 'TIMESTAMP']
  const meant = new Set([
    ...areas,
    ...listed.flatMap((code) => [code, ...areas.map((area) => code.replace('<area>', area))]),
  ])

  it('lists every code that the source names', () => {
    const missing = codesOfSource().filter(({ code }) => !meant.has(code))
    expect(missing).toEqual([])
  })

  it('lists no code that the source does not name, and none twice', () => {
    const named = new Set(codesOfSource().map(({ code }) => code))
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
