/** Prepares the SoftHSM2 token of the data directory that is its argument; tells when it begins, and what came of it. */
import { prepareSoftHsm } from '../../server/embedded/softhsm.ts'

const [, , dataDirectory = ''] = process.argv
process.send?.('begins')
const prepared = await prepareSoftHsm({ dataDirectory })
process.send?.(prepared, () => process.disconnect())
