import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfiguration } from '../artifacts/configuration/index.ts'
import { configuration } from './support/artifact-configurations/index.ts'

const root = join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
const textOf = (page: string) => readFileSync(join(root, page), 'utf8')

describe('the documentation', () => {
  it('has links only to what is there', () => {
    const broken = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    )
    expect(pages.length).toBeGreaterThan(20)
    expect(broken).toEqual([])
  })

  it('names only files that there are', () => {
    const gone = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`([a-z][a-z-]*(?:\/[\w.-]+)+\.(?:ts|js|mjs|sh|graphql|md))`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${page}: ${path}`),
    )
    expect(gone).toEqual([])
  })

  it('lists every decision once, under its own title', () => {
    const index = textOf('docs/decisions/README.md')
    const listed = [...index.matchAll(/^- \[(.+)\]\((.+\.md)\)$/gm)].map(([, title, page]) => ({ page, title }))
    const decisions = globSync('*.md', { cwd: join(root, 'docs/decisions') })
      .filter((page) => page !== 'README.md')
      .map((page) => ({ page, title: /^# (.+)$/m.exec(textOf(join('docs/decisions', page)))?.[1] }))
    const byPage = (pages: readonly { readonly page?: string | undefined }[]) =>
      pages.toSorted((a, b) => String(a.page).localeCompare(String(b.page)))
    expect(byPage(listed)).toEqual(byPage(decisions))
  })

  it('says of every decision what was rejected', () => {
    const silent = globSync('docs/decisions/*.md', { cwd: root })
      .filter((page) => !page.endsWith('README.md'))
      .filter((page) => !/reject/i.test(textOf(page)))
    expect(silent).toEqual([])
  })

  it('shows artifact configurations that can be used', () => {
    const examples = [...textOf('docs/artifact-configurations.md').matchAll(/^```xml\n(.*?)^```$/gms)].map(
      ([, example = '']) => (example.includes('<artifact-configuration') ? example : configuration(example)),
    )
    expect(examples.length).toBeGreaterThan(6)
    expect(examples.map(parseConfiguration).filter(({ kind }) => kind === 'errors')).toEqual([])
  })
})
