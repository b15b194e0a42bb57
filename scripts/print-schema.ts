// Prints the GraphQL schema into the repository: `npm run schema`.
import { writeFileSync } from 'node:fs'
import { printedSchema } from '../graphql/print-schema.ts'

writeFileSync(new URL('../graphql/schema.graphql', import.meta.url), printedSchema())
