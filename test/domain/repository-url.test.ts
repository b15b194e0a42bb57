import { describe, expect, it } from 'vitest'
import { isSameRepository, normalizedRepositoryUrl } from '../../domain/index.ts'

const project = 'https://git.example.org/Team/Program'

describe('addresses of one repository', () => {
  it.each([
    'https://git.example.org/Team/Program',
    'http://git.example.org/Team/Program',
    'HTTPS://GIT.Example.ORG/Team/Program',
    'https://git.example.org/Team/Program.git',
    'https://git.example.org/Team/Program/',
    'https://git.example.org/Team/Program.git//',
    'https://git.example.org:443/Team/Program',
    'http://git.example.org:80/Team/Program',
    'https://someone@git.example.org/Team/Program.git',
    'https://git.example.org/Team/%50rogram',
    'https://git.example.org/Team/./Other/../Program',
    'ssh://git@git.example.org/Team/Program.git',
    'ssh://git.example.org:22/Team/Program',
    'ssh://git.example.org:022/Team/Program',
    'git+ssh://git@git.example.org/Team/Program.git',
    'git+https://git.example.org/Team/Program.git',
    'git://git.example.org/Team/Program.git',
    'git@git.example.org:Team/Program.git',
    'git@git.example.org:/Team/Program.git',
    'GIT.example.org:Team/Program',
  ])('%s', (url) => {
    expect(isSameRepository(url, project)).toBe(true)
    expect(isSameRepository(project, url)).toBe(true)
  })

  it('compares hosts by IDNA, and ports that are not usual as they are', () => {
    expect(isSameRepository('https://bücher.example/a', 'git@xn--bcher-kva.example:a.git')).toBe(true)
    expect(isSameRepository('https://[2001:db8::1]:8443/a', 'https://[2001:DB8:0::1]:8443/a.git')).toBe(true)
    expect(isSameRepository('https://git.example.org/%2fa', 'https://git.example.org/%2Fa')).toBe(true)
  })
})

describe('addresses of another repository', () => {
  it.each([
    'https://git.example.org/Team/Other',
    'https://git.example.org/team/program',
    'https://git.example.org/Team/Program.git.git',
    'https://git.example.org/Team/Program/.git',
    'https://git.example.org/Team/ProgramXgit',
    'https://git.example.org/Team%2FProgram',
    'https://git.example.org//Team/Program',
    'https://git.example.org/Team/Program?ref=main',
    'https://git.example.org/Team/Program#main',
    'https://git.example.org.evil.example/Team/Program',
    'https://evil.example/git.example.org/Team/Program',
    'https://git.example.org@evil.example/Team/Program',
    'https://git.example.org:8443/Team/Program',
    'http://git.example.org:443/Team/Program',
    'ssh://git@git.example.org:443/Team/Program',
    'ssh://git@git.example.org:7999/Team/Program.git',
    'git@git.example.org:22/Team/Program.git',
    'https://xn--git-example.org/Team/Program',
  ])('%s', (url) => {
    expect(isSameRepository(url, project)).toBe(false)
    expect(isSameRepository(project, url)).toBe(false)
  })
})

describe('what is no address of a repository', () => {
  it.each([
    '',
    'Team/Program',
    'https://',
    'https:///Team/Program',
    'https:git.example.org/Team/Program',
    'https:/git.example.org/Team/Program',
    'https://a@git.example.org@evil.example/Team/Program',
    'https://git.example.org\\@evil.example/Team/Program',
    'https://git.example.org/Team/ Program',
    'https://git.example.org/Team/Program\n',
    'https://git.example.org:65536/Team/Program',
    'https://git.example.org:x/Team/Program',
    'file:///srv/git/Program',
    'javascript://git.example.org/Team/Program',
    `https://git.example.org/${'a'.repeat(4_000)}`,
  ])('%j is of none, not even of itself', (text) => {
    expect(normalizedRepositoryUrl(text)).toBeNull()
    expect(isSameRepository(text, text)).toBe(false)
  })
})
