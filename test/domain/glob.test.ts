import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob, parseGlob } from '../../domain/index.ts'
import { refusalOf } from '../support/decider-spec.ts'

describe('a glob', () => {
  it.each([
    ['main', 'main'],
    ['*', 'setup.exe'],
    ['*', ''],
    ['release/*', 'release/2.1'],
    ['release/**', 'release/2.1/hotfix'],
    ['**/main', 'team/main'],
    ['setup-?.*.exe', 'setup-2.11.exe'],
    ['a*b*c', 'aXbXbYc'],
    ['a**', 'a'],
    ['?', '\u{1f600}'],
    ['[a].{b}+$', '[a].{b}+$'],
  ])('%s stands for %j', (glob, text) => {
    expect(matchesGlob(glob, text)).toBe(true)
  })

  it.each([
    ['main', 'Main'],
    ['main', 'main2'],
    ['release/*', 'release/2.1/hotfix'],
    ['release/*', 'release'],
    ['?', ''],
    ['?', '/'],
    ['*.exe', 'setup.exe '],
    ['*', 'a/b'],
    ['a.c', 'abc'],
    ['[a]', 'a'],
  ])('%s does not stand for %j', (glob, text) => {
    expect(matchesGlob(glob, text)).toBe(false)
  })

  it('stands for what a regular expression made of it stands for', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?', '.'), maxLength: 8 })
    fc.assert(
      fc.property(text, text, (glob, name) => {
        const pattern = glob.replaceAll(/\*\*|[\s\S]/g, (part) => {
          if (part === '**') return '[\\s\\S]*'
          if (part === '*') return '[^/]*'
          return part === '?' ? '[^/]' : part.replaceAll(/[./]/g, '\\$&')
        })
        expect(matchesGlob(glob, name)).toBe(new RegExp(`^${pattern}$`).test(name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('is 1 to 200 visible characters in one normal form', () => {
    expect(parseGlob('e\u0301*', 'It')).toBe('\u00e9*')
    for (const glob of ['', ' a', 'a ', 'a\u200bb', 'a\nb', '\ud800', 'x'.repeat(201)])
      expect(refusalOf(() => parseGlob(glob, 'It')).code, glob).toBe('GLOB_MALFORMED')
  })
})
