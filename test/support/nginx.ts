import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '../../node_modules/.cache/nginx')

/** nginx before a server, until the running test has finished. */
export type Nginx = {
  readonly url: string
  /** Cuts all connections, and starts it again. */
  readonly restart: () => Promise<void>
}

/**
 * Starts nginx on 127.0.0.1 with what it does by default: answers are buffered, the server is asked by HTTP/1.0, and a minute of silence ends
 * an answer. It compresses all that is text.
 *
 * @param port of the server behind it
 */
export async function startNginx(port: number): Promise<Nginx> {
  const folder = temporaryFolder()
  const own = await freePort()
  const program = await findNginx()
  mkdirSync(join(folder, 'logs'))
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid nginx.pid; error_log logs/error.log;
events { worker_connections 256; }
http {
  access_log off; gzip on; gzip_min_length 1; gzip_types *;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`).join(' ')}
  server { listen 127.0.0.1:${own}; location / { proxy_pass http://127.0.0.1:${port}; } }
}
`,
  )
  async function start() {
    const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'logs/error.log'], { stdio: 'ignore' })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    await until('nginx listens', () => listens(own))
    return async () => {
      child.kill('SIGTERM')
      await ended
    }
  }
  let stop = await start()
  onTestFinished(() => stop())
  return {
    url: `http://127.0.0.1:${own}`,
    async restart() {
      await stop()
      stop = await start()
    },
  }
}

/** That of the machine; else the program of Debian's package, which is not installed: its service would start. */
async function findNginx(): Promise<string> {
  const present = ['/usr/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
    existsSync(path),
  )
  if (present !== undefined) return present
  const program = join(cache, 'usr/sbin/nginx')
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  await run('apt-get', ['download', 'nginx'], { cwd: cache })
  const archive = readdirSync(cache).find((name) => name.endsWith('.deb')) ?? ''
  await run('dpkg-deb', ['-x', archive, '.'], { cwd: cache })
  return program
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
