import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const password = 'changeit'

/** What `jarsigner -verify -strict` said of an archive. */
export interface JarsignerVerdict {
  /** 0 when all is well. */
  readonly status: number
  readonly output: string
}

/**
 * Has jarsigner verify many archives strictly, in one process.
 *
 * @param trusted PEM files
 */
export async function jarsignerVerdicts(
  folder: string,
  trusted: readonly string[],
  paths: readonly string[],
): Promise<ReadonlyMap<string, JarsignerVerdict>> {
  const certificates = join(folder, 'trusted.pem')
  await writeFile(certificates, (await Promise.all(trusted.map((file) => readFile(file, 'utf8')))).join('\n'))
  const { stdout } = await run(
    'java',
    [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.security.manager=allow'],
      ...['--add-exports', 'jdk.jartool/sun.security.tools.jarsigner=ALL-UNNAMED'],
      ...[join(import.meta.dirname, 'JudgeJars.java'), join(folder, 'trusted.p12'), certificates, ...paths],
    ],
    { maxBuffer: 256 * 1024 * 1024 },
  )
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  return new Map(
    verdicts.map(([path = '', status, text = '']) => [
      path,
      { status: Number(status), output: Buffer.from(text, 'base64').toString('utf8') },
    ]),
  )
}

/** Signs an archive by jarsigner itself. */
export async function jarsignerSign(
  path: string,
  identity: { readonly chainFile: string; readonly keyFile: string },
  folder: string,
  ...more: readonly string[]
): Promise<void> {
  const store = join(folder, `signer-${Math.random()}.p12`)
  await run('openssl', [
    ...['pkcs12', '-export', '-in', identity.chainFile, '-inkey', identity.keyFile],
    ...['-name', 'signer', '-passout', `pass:${password}`, '-out', store],
  ])
  await run('jarsigner', ['-keystore', store, '-storepass', password, ...more, path, 'signer'])
}
