/** A process of its own that runs the embedded Temporal server, for tests that kill it. Prints the server's pid. */
import { pino } from 'pino'
import { startTemporalServer } from '../../../server/embedded/temporal.ts'

const dataDirectory = process.argv[2]
if (dataDirectory === undefined) throw new Error('usage: serve-temporal.ts FOLDER')
const server = await startTemporalServer({ dataDirectory, logger: pino({ level: 'silent' }) })
console.log(server.pid())
