import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach } from 'vitest'
import type { Connection } from '../../cli/connection/connection.ts'
import { type Ran, type RunOptions, runCommand } from './run-command.ts'
import { type StandInService, startStandInService, type tokens } from './stand-in-service.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The command line in a folder with a program, `setup.exe`, and the stand-in that it asks. */
export type CommandLine = {
  readonly service: StandInService
  readonly folder: string
  /** What the command line finds in its environment. */
  readonly environment: Readonly<Record<string, string>>
  /** The same as a connection. */
  readonly connection: Connection
  /** Runs a command line. */
  readonly countersign: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Runs `countersign sign setup.exe` for the project and the policy that the stand-in has. */
  readonly sign: (args: readonly string[], options?: RunOptions) => Promise<Ran>
}

/** What is in `setup.exe`. */
export const unsigned = Buffer.from('the program')
/** What a test may sign it to. */
export const signed = Buffer.from('the program, signed')

/**
 * Starts a stand-in and makes a folder before each test of a file.
 *
 * @param token whose commands they are
 */
export function useCommandLine(token: keyof typeof tokens = 'token-of-ci'): CommandLine {
  let service: StandInService
  let folder: string
  beforeEach(async () => {
    service = await startStandInService()
    folder = temporaryFolder()
    writeFileSync(join(folder, 'setup.exe'), unsigned)
  })
  const environment = () => ({ COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: token })
  const countersign = (args: readonly string[], options: RunOptions = {}) =>
    runCommand(args, { environment: environment(), workingDirectory: folder, ...options })
  return {
    get service() {
      return service
    },
    get folder() {
      return folder
    },
    get environment() {
      return environment()
    },
    get connection() {
      return { server: new URL(`${service.url}/`), token }
    },
    countersign,
    sign: (args, options) =>
      countersign(['sign', 'setup.exe', '--project', 'demo', '--policy', 'test-signing', ...args], options),
  }
}
