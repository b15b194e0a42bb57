import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from '../../server/embedded/find-temporal-cli.js'
import { findJsign } from './jsign.mjs'
import { pkcs11Engine } from './pkcs11-engine.mjs'
import { run } from './run.mjs'
import { StepFailed } from './step.mjs'
import { hasTemporalTestServer } from './temporal-test-server.mjs'

const limitMs = 15 * 60_000
const aptOptions = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=300']

/**
 * Something that comes from the system's package manager. `packages` are its names there.
 *
 * @typedef {object} SystemPackage
 * @property {string} name
 * @property {() => boolean} isPresent
 * @property {{ apt: string, dnf: string, brew: string }} packages
 */

const java = { apt: 'default-jdk-headless', dnf: 'java-latest-openjdk-headless', brew: 'openjdk' }
const maven = { apt: 'maven', dnf: 'maven', brew: 'maven' }

/** @type {SystemPackage[]} */
const toRun = [
  {
    name: 'SoftHSM2',
    isPresent: () => hasSoftHsm() && isOnPath('softhsm2-util'),
    packages: { apt: 'softhsm2', dnf: 'softhsm', brew: 'softhsm' },
  },
  {
    name: 'a C++ compiler',
    isPresent: () => isBuilt() || isOnPath('g++') || isOnPath('clang++'),
    packages: { apt: 'g++', dnf: 'gcc-c++', brew: 'gcc' },
  },
  {
    name: 'make',
    isPresent: () => isBuilt() || isOnPath('make'),
    packages: { apt: 'make', dnf: 'make', brew: 'make' },
  },
  {
    name: 'Python 3',
    isPresent: () => isBuilt() || isOnPath('python3'),
    packages: { apt: 'python3', dnf: 'python3', brew: 'python3' },
  },
]

/** @type {SystemPackage[]} */
const toTest = [
  {
    name: 'osslsigncode',
    isPresent: () => isOnPath('osslsigncode'),
    packages: { apt: 'osslsigncode', dnf: 'osslsigncode', brew: 'osslsigncode' },
  },
  {
    name: 'OpenSSL',
    isPresent: () => isOnPath('openssl'),
    packages: { apt: 'openssl', dnf: 'openssl', brew: 'openssl' },
  },
  {
    name: 'xmlsec1',
    isPresent: () => isOnPath('xmlsec1'),
    packages: { apt: 'xmlsec1', dnf: 'xmlsec1-openssl', brew: 'libxmlsec1' },
  },
  {
    name: 'xmllint',
    isPresent: () => isOnPath('xmllint'),
    packages: { apt: 'libxml2-utils', dnf: 'libxml2', brew: 'libxml2' },
  },
  {
    name: 'GnuPG',
    isPresent: () => isOnPath('gpg') && isOnPath('gpgv'),
    packages: { apt: 'gnupg', dnf: 'gnupg2', brew: 'gnupg' },
  },
  {
    name: 'the PostgreSQL server',
    isPresent: () => isOnPath('initdb') || hasDebianPostgres(),
    packages: { apt: 'postgresql', dnf: 'postgresql-server', brew: 'postgresql' },
  },
  {
    // Its jarsigner judges what is signed.
    name: 'a Java development kit',
    isPresent: () => isOnPath('java') && isOnPath('jarsigner'),
    packages: { ...java, dnf: 'java-latest-openjdk-devel' },
  },
  {
    name: 'Maven',
    isPresent: () => hasTemporalTestServer() || isOnPath('mvn'),
    packages: maven,
  },
]

/** @type {SystemPackage[]} */
const jsignPackages = [
  { name: 'Java', isPresent: () => isOnPath('java'), packages: java },
  {
    name: 'Maven',
    isPresent: () => findJsign(process.env) !== undefined || isOnPath('mvn'),
    packages: maven,
  },
]

/** @type {SystemPackage[]} */
const toTestLong = [
  { name: 'jq', isPresent: () => isOnPath('jq'), packages: { apt: 'jq', dnf: 'jq', brew: 'jq' } },
  ...jsignPackages,
]

/** @type {SystemPackage[]} */
const toBench = [
  {
    name: "OpenSSL's PKCS#11 engine",
    isPresent: () => pkcs11Engine() !== undefined,
    packages: { apt: 'libengine-pkcs11-openssl', dnf: 'openssl-pkcs11', brew: 'libp11' },
  },
  ...jsignPackages,
]

/**
 * What comes from the system's package manager: the PKCS#11 module of the embedded start, the tools that build the native
 * npm packages, for the tests the programs that check our output, and for the bench what it compares with. Installed by apt when this user may; else the
 * command is said.
 *
 * @param {'start' | 'test' | 'long' | 'bench'} purpose
 * @returns {import('./step.mjs').Step}
 */
export function systemPackages(purpose) {
  const wanted = [
    ...toRun,
    ...(purpose === 'start' ? [] : toTest),
    ...(purpose === 'long' ? toTestLong : []),
    ...(purpose === 'bench' ? toBench : []),
  ]
  const missing = () => wanted.filter((one) => !one.isPresent())
  return {
    name: 'system packages',
    missing: () => missing().map(({ name }) => name),
    obtain: async () => {
      const packages = missing().map((one) => one.packages)
      const advice = [
        'What to do: install them, then run the command again:',
        `  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y ${packages.map(({ apt }) => apt).join(' ')}`,
        `  Fedora, RHEL:    sudo dnf install -y ${packages.map(({ dnf }) => dnf).join(' ')}`,
        `  macOS:           brew install ${packages.map(({ brew }) => brew).join(' ')}`,
      ].join('\n')
      const asRoot = await rootPrefix()
      if (!isOnPath('apt-get') || asRoot === undefined) {
        throw new StepFailed(`this user cannot install system packages here.\n${advice}`)
      }
      const names = packages.map(({ apt }) => apt)
      const commands = [
        ['apt-get', ...aptOptions, 'update', '-q'],
        ['apt-get', ...aptOptions, 'install', '-q', '-y', '--no-install-recommends', ...names],
      ]
      for (const words of commands) {
        const [command = '', ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', ...words]
        const { ok, output } = await run(command, args, { limitMs })
        // One unreachable source among many makes `update` fail; whether that matters is seen at the installation.
        if (!ok && words.includes('install')) throw new StepFailed(`${words.join(' ')} failed:\n${output}\n\n${advice}`)
      }
      return `apt-get install ${names.join(' ')}`
    },
  }
}

/** @returns {Promise<string[] | undefined>} what to put before a command so that it runs as root */
async function rootPrefix() {
  if (process.getuid?.() === 0) return []
  if (!isOnPath('sudo')) return undefined
  const { ok } = await run('sudo', ['-n', 'true'], { limitMs: 10_000 })
  return ok ? ['sudo', '-n'] : undefined
}

/** The compiler and its company are needed once. */
function isBuilt() {
  return existsSync(new URL('../../node_modules/pkcs11js/build/Release/pkcs11.node', import.meta.url))
}

function hasSoftHsm() {
  const folders = [
    '/usr/lib/softhsm',
    '/usr/lib64/softhsm',
    '/usr/lib64/pkcs11',
    '/usr/lib/pkcs11',
    '/usr/local/lib/softhsm',
    '/opt/homebrew/lib/softhsm',
    ...['x86_64', 'aarch64', 'arm'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/softhsm`),
  ]
  const named = process.env.COUNTERSIGN_PKCS11_MODULE
  return (named !== undefined && existsSync(named)) || folders.some((folder) => existsSync(`${folder}/libsofthsm2.so`))
}

function hasDebianPostgres() {
  const versions = '/usr/lib/postgresql'
  return (
    existsSync(versions) && readdirSync(versions).some((version) => existsSync(join(versions, version, 'bin/initdb')))
  )
}

/** @param {string} program */
function isOnPath(program) {
  return findOnPath(program, process.env) !== undefined
}
