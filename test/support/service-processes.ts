import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { until } from './until.ts'
import { giveWorkflowBundle } from './workflow-bundle.ts'

const root = join(import.meta.dirname, '../..')

/** Long enough for a first start on a busy machine. */
const startMs = 120_000
/** An orderly stop has bounds of its own; beyond them the process hangs. */
const stopMs = 30_000

/** How a process came to its end. */
export type ProcessEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A process of the service. */
export type ServiceProcess = {
  readonly pid: number
  /** What it printed when it was ready, as `ready` found it. */
  readonly url: string
  /** Everything that it has printed so far. */
  readonly output: () => string
  /** Resolves when it is gone. */
  readonly ended: Promise<ProcessEnd>
  /** Sends a signal to it (to its whole process group, if it leads one) and waits until it is gone. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<ProcessEnd>
}

/** Settings of the product in the environment of a process. */
export type ServiceEnvironment = Readonly<Record<string, string>>
/** The same for a process that runs everything, which keeps all that it has in a data directory. */
export type EmbeddedEnvironment = ServiceEnvironment & { readonly COUNTERSIGN_DATA: string }

/**
 * Starts a program of this repository, or of another build, in a process of its own and waits until it says that it is ready.
 *
 * @param options.ready finds the address in what was printed, as soon as it is there
 * @param options.leader whether it leads a process group of its own
 * @throws Error with everything that it printed when it ends before it is ready
 */
export async function startServiceProcess(options: {
  readonly args: readonly string[]
  readonly environment: ServiceEnvironment
  readonly ready: (output: string) => string | undefined
  readonly leader?: boolean
  /** The folder of the build; this repository by default. */
  readonly build?: string
  /** What Node is started with, before the program; nothing by default. */
  readonly nodeArguments?: readonly string[]
}): Promise<ServiceProcess> {
  const { args, environment, ready, leader = false, build = root, nodeArguments = [] } = options
  const [program = '', ...rest] = args
  const child = spawn(process.execPath, [...nodeArguments, join(build, program), ...rest], {
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: leader,
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} could not be started`)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
  const ended = endOf(child)

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<ProcessEnd> {
    if (child.exitCode === null && child.signalCode === null)
      process.kill(leader ? -(pid as number) : (pid as number), signal)
    let late: NodeJS.Timeout | undefined
    const hangs = new Promise<never>((_resolve, reject) => {
      late = setTimeout(() => reject(new Error(`${args.join(' ')} hangs after ${signal}:\n${output}`)), stopMs)
    })
    try {
      return await Promise.race([ended, hangs])
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  try {
    const url = await until(
      `${args.join(' ')} is ready`,
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('It has ended.')
        return ready(output)
      },
      startMs,
    )
    return { pid, url, output: () => output, ended, end }
  } catch (error) {
    await end('SIGKILL')
    throw new Error(`${args.join(' ')} did not start:\n${output}`, { cause: error })
  }
}

/** Starts one role, or several, as `countersign serve --roles` does. */
export function startRoles(
  roles: string,
  environment: ServiceEnvironment,
  build = root,
  nodeArguments: readonly string[] = [],
): Promise<ServiceProcess> {
  return startServiceProcess({
    build,
    nodeArguments,
    args: ['cli/main.ts', 'serve', '--roles', roles],
    environment,
    ready: (output) => /"url":"([^"]+)".*"msg":"ready"/.exec(output)?.[1],
  })
}

/** Starts everything as `npm start` does, as the leader of a process group, on a data directory that has a script of the workflows. */
export async function startEmbedded(environment: EmbeddedEnvironment): Promise<ServiceProcess> {
  await giveWorkflowBundle(environment.COUNTERSIGN_DATA)
  return startServiceProcess({
    args: ['server/main.ts'],
    environment,
    ready: embeddedUrl,
    leader: true,
  })
}

/** Starts everything as `countersign serve` does, on such a data directory. Signals reach this process, and not those that it started. */
export async function startServe(environment: EmbeddedEnvironment): Promise<ServiceProcess> {
  await giveWorkflowBundle(environment.COUNTERSIGN_DATA)
  return startServiceProcess({ args: ['cli/main.ts', 'serve'], environment, ready: embeddedUrl })
}

/** What a command of `countersign` did. */
export type CommandRun = ProcessEnd & { readonly stdout: string; readonly stderr: string }

/** A command of `countersign` that may be under way still. */
export type RunningCommand = {
  /** What it has printed so far. */
  readonly said: { readonly stdout: string; readonly stderr: string }
  readonly done: Promise<CommandRun>
}

/** Runs `countersign` in a process of its own. */
export function countersign(args: readonly string[], environment: ServiceEnvironment): RunningCommand {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...args], {
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (bytes) => (said.stdout += bytes))
  child.stderr.on('data', (bytes) => (said.stderr += bytes))
  return { said, done: endOf(child).then((end) => ({ ...end, ...said })) }
}

function embeddedUrl(output: string): string | undefined {
  return /Countersign is ready: (\S+)\/graphql/.exec(output)?.[1]
}

/** Settings of whoever runs the tests must not reach what is tested; where the tools are they may say. */
function cleanEnvironment(settings: ServiceEnvironment): NodeJS.ProcessEnv {
  const tools = ['COUNTERSIGN_TEMPORAL_CLI', 'COUNTERSIGN_PKCS11_MODULE']
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_') || tools.includes(name))
  return { ...Object.fromEntries(own), ...settings }
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
}
