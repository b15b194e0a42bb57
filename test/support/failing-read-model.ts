import type { ReadModel } from '../../projections/index.ts'

/** A read model of which every query fails. */
export function failingReadModel(failure: () => Error): ReadModel {
  return new Proxy({} as ReadModel, {
    get: (_, method) => (method === 'close' ? async () => undefined : () => Promise.reject(failure())),
  })
}
