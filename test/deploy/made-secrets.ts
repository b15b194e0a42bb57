import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const deploy = join(import.meta.dirname, '..', '..', 'deploy')

/** What `deploy/make-secrets.sh` makes, in a folder of a test. */
export type MadeSecrets = {
  /** The folder that the compose file's secrets are in. */
  readonly secrets: string
  /** Where the keys of the authorities are. */
  readonly installation: string
  /** Runs one of the scripts again; answers what it says. @throws with its standard error when it fails */
  readonly run: (script: 'make-secrets.sh' | 'make-certificates.sh', ...args: readonly string[]) => string
}

/** Copies the scripts to `folder` and runs them there. */
export function makeSecrets(folder: string): MadeSecrets {
  mkdirSync(folder, { recursive: true })
  for (const name of ['make-secrets.sh', 'make-certificates.sh']) cpSync(join(deploy, name), join(folder, name))
  const run: MadeSecrets['run'] = (script, ...args) =>
    execFileSync(join(folder, script), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  run('make-secrets.sh')
  return { secrets: join(folder, 'secrets'), installation: join(folder, 'installation'), run }
}
