import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

const root = join(import.meta.dirname, '../..')
const rooms =
  '{activities,application,archives,artifacts,cli,detection,domain,event-log,graphql,http,notifications,origin,outgoing,persons,pkcs12,projections,proxy,rest,secrets,server,signing,sources,statements,workflows}'

/** Names of others that look like codes of ours: of PKCS#11, Temporal, Node, OpenSSL, undici, the system, words of pipeline policies, resources of programs, and environment variables. */
const foreign =
  /^(?:CK[AMR]_|COUNTERSIGN_|UND_ERR_|EAI_|HPE_|ERR_HTTP_|ERR_STREAM_|ERR_BUFFER_|ERR_WORKER_|CERT_|ERR_TLS_|USE_EXISTING$|VS_VERSION_INFO$|ALLOW_DUPLICATE|CURRENT_BUILD$)/

const oneWord = /^[A-Z][A-Z0-9]+$/

/** A code, and the file that names it. `<area>_…` stands for that code of each of {@link areas}. */
export type Found = { readonly code: string; readonly path: string }

/**
 * The codes that the source names: every text in capitals with an underscore, wherever it stands, because codes pass
 * through tables and functions; and other texts in capitals where they are a `code` or what an error is made with.
 */
export function codesOfSource(): Found[] {
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

/** What `<area>` stands for. */
export const areas: readonly string[] = [
  'AUTHENTICODE',
  'AUTHENTICODE_TIMESTAMP',
  'DETACHED',
  'DETACHED_TIMESTAMP',
  'JAR',
  'JAR_TIMESTAMP',
  'JSF',
  'NUGET',
  'NUGET_TIMESTAMP',
  'TIMESTAMP',
  'XML',
]

/** The code, or for `<area>_…` the codes that it stands for. */
export function areasOfCodes(code: string): readonly string[] {
  return code.startsWith('<area>') ? areas.map((area) => code.replace('<area>', area)) : [code]
}
