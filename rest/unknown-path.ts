import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { Refusal } from '../domain/index.ts'
import { problemErrorHandler } from './problem.ts'

/**
 * Answers paths and methods that nothing else answers: 404 `PATH_NOT_FOUND`, saying what there is. Before the body is
 * looked at, so that a large upload to a mistyped path learns it too.
 *
 * @param places what a caller may have meant, as a sentence
 */
export function registerUnknownPaths(fastify: FastifyInstance, places: string, logger: Logger): void {
  const answerProblem = problemErrorHandler(logger)
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const [path = ''] = request.url.split('?')
    const message = `There is nothing at ${request.method} ${path.slice(0, 200)}. ${places}`
    return answerProblem(new Refusal('PATH_NOT_FOUND', message), request, reply)
  })
}
