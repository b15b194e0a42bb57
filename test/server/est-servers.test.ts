import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { configuredEstServers } from '../../server/est-servers.ts'
import { toPem } from '../../signing/x509/index.ts'
import { CertificateAuthority } from '../support/certificate-authority.ts'
import { startEstServer } from '../support/est-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function settingsOf(servers: object) {
  return readSettings({ environment: { COUNTERSIGN_EST_SERVERS: JSON.stringify(servers) } })
}

function file(content: string): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  return path
}

test('an EST server of the settings is reached with its password and the authorities of its files', async () => {
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', 'ec')
  const { settings } = await startEstServer(root)
  const trustedRoots = file(toPem(await root.certificate()))
  const tlsAuthorities = file(settings.tlsAuthorities ?? '')
  const corporate = {
    url: settings.url,
    trustedRoots,
    tlsAuthorities,
    user: 'countersign',
    passwordFile: file('secret word\n'),
  }
  const server = configuredEstServers(settingsOf({ corporate })).get('corporate')
  expect(server?.trustedRoots.map((der) => Buffer.from(der))).toEqual([Buffer.from(await root.certificate())])
  expect(await server?.client.authorities()).toHaveLength(1)
})

test.each([
  ['without TLS', { url: 'http://est.example', trustedRoots: 'x' }],
  ['with a password in its address', { url: 'https://a:b@est.example', trustedRoots: 'x' }],
  ['without roots', { url: 'https://est.example' }],
  ['with a user and no password', { url: 'https://est.example', trustedRoots: 'x', user: 'a' }],
  ['with a certificate and no key', { url: 'https://est.example', trustedRoots: 'x', certificate: 'a' }],
  ['with what nobody knows', { url: 'https://est.example', trustedRoots: 'x', pasword: 'a' }],
])('an EST server %s is refused at the start', (_, server) => {
  expect(() => settingsOf({ corporate: server })).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID' }))
})

test('a name that no certificate can refer to, and files that are none, are refused at the start', () => {
  const server = { url: 'https://est.example', trustedRoots: file('nothing') }
  expect(() => settingsOf({ 'Corporate CA': server })).toThrow(
    expect.objectContaining({ code: 'CONFIGURATION_INVALID' }),
  )
  expect(() => configuredEstServers(settingsOf({ corporate: server }))).toThrow(
    expect.objectContaining({ code: 'TLS_FILE_UNUSABLE' }),
  )
})
