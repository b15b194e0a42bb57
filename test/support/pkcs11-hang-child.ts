/**
 * A process whose PKCS#11 module never returns from C_Sign: argument 1 is what opens the token (JSON), 2 the id of its key.
 * Prints the code of the failed signature, closes the token and ends.
 */
import { openToken } from '../../signing/pkcs11/index.ts'

const [, , options = '', id = ''] = process.argv
const token = await openToken(JSON.parse(options))
const key = await token.findKey(Buffer.from(id))
const failure = await key?.sign('sha256', Buffer.alloc(32)).catch((error: { code: string }) => error.code)
await token.close()
process.stdout.write(`${failure}\n`, () => process.exit(0))
