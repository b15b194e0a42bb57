/**
 * A process of the service's health alone that survives what nobody catches. It prints its port as JSON, then does what
 * each line of its standard input says, and prints what it logs.
 */
import { EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { openHttpServer } from '../../http/index.ts'
import { problemErrorHandler } from '../../rest/index.ts'
import { registerHealth } from '../../server/health.ts'
import { surviveUncaughtErrors } from '../../server/uncaught-errors.ts'

const logger = pino()
const { fastify } = openHttpServer({ logger, answerError: problemErrorHandler(logger) })
registerHealth(
  fastify,
  async () => ({ status: 'up', checks: {} }),
  () => false,
)
await fastify.listen({ host: '127.0.0.1', port: 0 })
surviveUncaughtErrors(logger)

const faults: Readonly<Record<string, () => void>> = {
  timer: () => void setTimeout(fail, 1),
  immediate: () => void setImmediate(fail),
  tick: () => process.nextTick(fail),
  microtask: () => queueMicrotask(fail),
  promise: () => void Promise.reject(new Error('thrown')),
  'promise without an error': () => void Promise.reject(),
  emitter: () => void setImmediate(() => new EventEmitter().emit('error', new Error('thrown'))),
  stream: () => void new Readable({ read: () => undefined }).destroy(new Error('thrown')),
  'http server': () => void setImmediate(() => fastify.server.emit('error', new Error('thrown'))),
  'process event': () => void setImmediate(() => process.emit('SIGUSR2')),
}
process.on('SIGUSR2', fail)

function fail(): never {
  throw new Error('thrown')
}

process.stdout.write(`${JSON.stringify({ port: (fastify.server.address() as AddressInfo).port })}\n`)
for await (const line of createInterface({ input: process.stdin })) faults[line]?.()
process.exit(0)
