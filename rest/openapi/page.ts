import { createHash } from 'node:crypto'
import type { DocumentedOperation, DocumentedParameter, OpenApiDocument } from './document.ts'
import { byStatus } from './refusals.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 0 auto; padding: 1rem; }
nav ul { columns: 20rem; padding-left: 1rem; }
article { border-top: 1px solid; margin-top: 2rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid; padding: 0.5rem; }
table { border-collapse: collapse; }
td, th { border: 1px solid; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
`

/** Headers of the page: it loads nothing from anywhere, and runs nothing. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
}

/** The document as a page: whole as it is sent, without scripts and without anything of other hosts. */
export function documentPage({ info, paths, tags, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => ({ path, method: method.toUpperCase(), each })),
  )
  const ofTag = (name: string) => operations.filter(({ each }) => each.tags.includes(name))
  const contents = tags.map(
    ({ name }) =>
      `<h3>${escaped(name)}</h3><ul>${ofTag(name)
        .map(({ path, method, each }) => `<li><a href="#${each.operationId}">${escaped(`${method} ${path}`)}</a></li>`)
        .join('')}</ul>`,
  )
  const sections = tags.map(
    ({ name }) =>
      `<section><h2>${escaped(name)}</h2>${ofTag(name)
        .map(({ path, method, each }) => article(path, method, each))
        .join('')}</section>`,
  )
  const named = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<article id="schema-${escaped(name)}"><h3>${escaped(name)}</h3><pre>${json(schema, 2)}</pre></article>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(info.title)} HTTP API</title><style>${style}</style></head>
<body><h1>${escaped(info.title)} HTTP API, version ${escaped(info.version)}</h1>
<p>${escaped(info.description)} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
<nav>${contents.join('')}</nav><main>${sections.join('')}<section><h2>Schemas</h2>${named.join('')}</section></main></body></html>
`
}

function article(path: string, method: string, each: DocumentedOperation): string {
  const permission = each['x-permission']
  return `<article id="${each.operationId}"><h3>${escaped(each.summary)}</h3><p><code>${escaped(`${method} ${path}`)}</code></p>
${each.description === undefined ? '' : `<p>${escaped(each.description)}</p>`}
<p>${permission === undefined ? 'For everybody.' : `Needs the permission <code>${escaped(permission)}</code>.`}</p>
${parameterTable(each.parameters)}${body(each)}${responses(each)}</article>`
}

function parameterTable(parameters: readonly DocumentedParameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${place}${required ? ', required' : ''}</td><td><code>${json(schema)}</code></td></tr>`,
  )
  return `<h4>Parameters</h4><table>${rows.join('')}</table>`
}

function body({ requestBody }: DocumentedOperation): string {
  if (requestBody === undefined) return ''
  const types = Object.keys(requestBody.content)
  const [schema] = Object.values(requestBody.content)
  const example = requestBody.content['application/json']?.example
  const shown = example === undefined ? '' : `<p>For example, as JSON:</p><pre>${json(example, 2)}</pre>`
  return `<h4>Body</h4><p>${types.map((type) => `<code>${escaped(type)}</code>`).join(', ')}</p><pre>${json(schema?.schema, 2)}</pre>${shown}`
}

function responses({ responses: answers, 'x-refusals': refusals }: DocumentedOperation): string {
  const codes = new Map(byStatus(refusals).map(([status, each]) => [String(status), each]))
  const rows = Object.entries(answers).map(([status, answer]) => {
    const { description, content } = answer as { description: string; content?: Record<string, Shown> }
    const [first] = Object.values(content ?? {})
    const refused = codes.get(status)?.map((code) => `<code>${escaped(code)}</code>`)
    const isProblem = status === 'default' || refused !== undefined
    const schema = isProblem || first?.schema === undefined ? '' : `<pre>${json(first.schema, 2)}</pre>`
    const example = first?.example === undefined ? '' : `<p>For example:</p><pre>${json(first.example, 2)}</pre>`
    return `<tr><td>${status}</td><td>${escaped(description)}${schema}${refused === undefined ? '' : `<br>${refused.join(', ')}`}${example}</td></tr>`
  })
  return `<h4>Answers</h4><table>${rows.join('')}</table>`
}

type Shown = { readonly schema?: object; readonly example?: unknown }

function json(value: unknown, indent?: number): string {
  return escaped(JSON.stringify(value, null, indent) ?? '')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`)
}
