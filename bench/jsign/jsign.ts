import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findJsign } from '../../scripts/bootstrap/jsign.mjs'

/** The token that jsign signs by, and its certificates. */
export type JsignToken = {
  readonly modulePath: string
  readonly tokenLabel: string
  readonly pin: string
  /** A file that holds the PIN. */
  readonly pinFile: string
  readonly certificates: readonly {
    /** The key's `CKA_ID`. */
    readonly id: Uint8Array
    /** What the order of a signature calls the key. */
    readonly alias: string
    /** DER. */
    readonly certificate: Uint8Array
  }[]
}

/** jsign in one Java virtual machine that signs many files. */
export type Jsign = {
  /** Signs a copy of the program. @throws Error with what jsign says */
  readonly sign: (alias: string, input: string, output: string) => Promise<void>
  readonly close: () => Promise<void>
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/**
 * Starts jsign on a token.
 *
 * @param folder for its configuration
 * @param threads how many files it signs at the same time
 * @throws Error when jsign was not fetched: `npm run bench` does
 */
export async function startJsign(folder: string, token: JsignToken, threads: number): Promise<Jsign> {
  const libraries = findJsign(process.env)
  if (libraries === undefined) throw new Error('jsign is missing; `npm run bench` gets it.')
  for (const { id, alias, certificate } of token.certificates) await importCertificate(token, id, alias, certificate)
  const configuration = join(folder, 'jsign-token.cfg')
  await writeFile(configuration, `name = bench\nlibrary = ${token.modulePath}\nslotListIndex = 0\n`)
  const java = ['-cp', join(libraries, '*'), here('SignFiles.java'), configuration, token.pinFile, String(threads)]
  const child = spawn('java', java, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const orders = new Map<string, PromiseWithResolvers<void>>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [number = '', failure] = line.split('\t')
    if (failure === undefined) orders.get(number)?.resolve()
    else orders.get(number)?.reject(new Error(`jsign: ${failure}`))
    orders.delete(number)
  })
  void ended.then(([status]) => {
    for (const order of orders.values()) order.reject(new Error(`jsign ended with status ${status}.`))
  })
  let ordered = 0
  return {
    sign(alias, input, output) {
      const number = String(++ordered)
      const order = Promise.withResolvers<void>()
      orders.set(number, order)
      child.stdin.write(`${[number, alias, input, output].join('\t')}\n`)
      return order.promise
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}

async function importCertificate(
  { modulePath, tokenLabel, pin }: JsignToken,
  id: Uint8Array,
  alias: string,
  certificate: Uint8Array,
): Promise<void> {
  const args = [here('import-certificate.ts'), modulePath, tokenLabel, Buffer.from(id).toString('hex'), alias]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin.end(`${pin}\n${Buffer.from(certificate).toString('base64')}\n`)
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`The certificate of ${alias} could not be put into the token (status ${status}).`)
}
