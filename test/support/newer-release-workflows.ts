/** The workflows as a release after this one has them: see `newer-release.ts`. */
import { signingRequestDecider } from '../../domain/index.ts'
import { knowMore } from './newer-release.ts'

export * from '../../workflows/index.ts'

knowMore(signingRequestDecider)
