import { createReadStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { makeDemo } from '../test/support/make-demo.ts'
import { type SplitService, startSplitService } from '../test/support/split-service.ts'
import { imageArguments, imageEnvironment } from './image-arguments.ts'

/** The service as four processes, as the image starts them, with the demo organization, and calls of its REST API. */
export type RestService = SplitService & {
  /** What the organization's routes begin with. */
  readonly api: string
  /** The header of the CI user. */
  readonly headers: { readonly authorization: string }
  /**
   * Submits a file as a form, streamed.
   *
   * @returns the request's id
   */
  readonly submit: (file: { readonly path: string; readonly size: number }, policy: string) => Promise<string>
  /** The most memory that the API had (resident set), in MiB. */
  readonly apiPeakMebibytes: () => Promise<number>
}

/** Starts it in a folder of the bench. */
export async function startRestService(folder: string): Promise<RestService> {
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o700 })
  await makeDemo(data)
  const service = await startSplitService(data, { nodeArguments: imageArguments, environment: imageEnvironment })
  const { url, credentials } = service
  const api = `${url}/Api/v1/${credentials.organizationId}`
  const headers = { authorization: `Bearer ${credentials.users.ci?.token}` }

  async function submit(
    { path, size }: { readonly path: string; readonly size: number },
    policy: string,
  ): Promise<string> {
    const boundary = 'between-the-parts-of-the-bench'
    const field = (name: string, value: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const head = `${field('ProjectSlug', 'demo')}${field('SigningPolicySlug', policy)}--${boundary}\r\nContent-Disposition: form-data; name="Artifact"; filename="sample.exe"\r\n\r\n`
    const tail = `\r\n--${boundary}--\r\n`
    const sending = request(`${api}/SigningRequests/SubmitWithArtifact`, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': Buffer.byteLength(head) + size + Buffer.byteLength(tail),
      },
    })
    const answered = Promise.withResolvers<{ readonly status: number; readonly text: string }>()
    sending.once('error', answered.reject)
    sending.once('response', async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      answered.resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
    })
    async function* body() {
      yield Buffer.from(head)
      yield* createReadStream(path, { highWaterMark: 1024 * 1024 })
      yield Buffer.from(tail)
    }
    await pipeline(Readable.from(body(), { objectMode: false, highWaterMark: 1024 * 1024 }), sending)
    const { status, text } = await answered.promise
    if (status !== 201) throw new Error(`The submission was answered with ${status}: ${text}`)
    return JSON.parse(text).signingRequestId
  }

  return {
    ...service,
    api,
    headers,
    submit,
    async apiPeakMebibytes() {
      const status = await readFile(`/proc/${service.pidOf('api')}/status`, 'utf8')
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
    },
  }
}
