import { once } from 'node:events'
import { type Agent, request } from 'node:https'

/** Uploads so many bytes by the route for it. */
export async function upload(agent: Agent, url: string, token: string, bytes: number): Promise<void> {
  const block = Buffer.alloc(256 * 1024, 7)
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/octet-stream',
    'content-length': bytes,
  }
  const call = request(`${url}/uploads?fileName=a.exe`, { agent, method: 'POST', headers })
  const answered = once(call, 'response')
  for (let sent = 0; sent < bytes; sent += block.length)
    if (!call.write(block.subarray(0, Math.min(block.length, bytes - sent)))) await once(call, 'drain')
  call.end()
  const [answer] = await answered
  answer.resume()
  if (answer.statusCode !== 201) throw new Error(`The upload was answered with ${answer.statusCode}.`)
  await once(answer, 'end')
}
