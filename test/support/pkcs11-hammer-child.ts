/**
 * Signs as fast as it can with the two keys of a token, checks each signature, and prints what came of it as JSON.
 * Arguments: the options of openToken as JSON, the number of signatures, the ids of the keys in hexadecimal.
 */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { openToken } from '../../signing/pkcs11/index.ts'

const [, , options = '', count = '', ...ids] = process.argv
const token = await openToken(JSON.parse(options))
const keys = await Promise.all(ids.map((id) => token.findKey(Buffer.from(id, 'hex'))))
const outcome = { valid: 0, invalid: 0, failures: [] as string[] }

await Promise.all(
  keys.map(async (key) => {
    for (let i = 0; i < Number(count) / keys.length; i++) {
      const message = randomBytes(32)
      try {
        if (key === undefined) throw new Error('the key was not found')
        const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
        const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
        if (verify('sha256', message, publicKey, signature)) outcome.valid++
        else outcome.invalid++
      } catch (error) {
        outcome.failures.push(String(error))
      }
    }
  }),
)
await token.close()
console.log(JSON.stringify(outcome))
