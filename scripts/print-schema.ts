// Prints what follows from the source of the APIs into the repository: `npm run schema`.
import { writeFileSync } from 'node:fs'
import { printedSchema } from '../graphql/print-schema.ts'
import { findRefusals } from './refusals/index.ts'

writeFileSync(new URL('../graphql/schema.graphql', import.meta.url), printedSchema())
writeFileSync(new URL('../rest/openapi/refusals.json', import.meta.url), `${JSON.stringify(findRefusals(), null, 2)}\n`)
