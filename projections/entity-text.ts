import { parseStreamName } from '../domain/index.ts'
import type { SpilledForm } from '../event-log/index.ts'
import { projections } from './catalogue.ts'
import { type AnyEntity, type AnyProjection, asEntity, asRow } from './entity.ts'
import { entityColumns, tableForms } from './table-forms.ts'
import type { EntityRow } from './tables.ts'

/**
 * An entity as text: its row's state, its row's facts, and a list of the other columns, a line of JSON each. It is what the read model
 * has of the entity, so that they can be compared without parsing either.
 */
export const entityText: SpilledForm<AnyEntity> = {
  write(entity, streamId) {
    const kind = parseStreamName(streamId)?.kind as keyof typeof projections
    const projection = projections[kind]
    return rowText(projection, asRow(projection, entity))
  },
  read(text) {
    const { state, facts, others } = partsOf(text)
    const row = { state, facts, ...Object.fromEntries(otherColumns.map((name, index) => [name, others[index]])) }
    return asEntity<object, object>(row as unknown as EntityRow)
  },
}

/** The same of a row of the read model. */
export function rowText({ table }: AnyProjection, row: Readonly<Record<string, unknown>>): string {
  const others = tableForms[table].columns.filter(isOther).map((name) => row[name])
  return `${row.state}\n${row.facts}\n${JSON.stringify(others)}`
}

/** The state of an entity's text, as JSON, and the revision of its last event. */
export function stateOf(text: string): { readonly stateJson: string; readonly revision: number } {
  const { state, others } = partsOf(text)
  return { stateJson: state, revision: Number(others[otherColumns.indexOf('revision')]) }
}

/** The columns that tables of all entities begin their lists with. */
const otherColumns = entityColumns.filter(isOther)

function isOther(column: string): boolean {
  return column !== 'state' && column !== 'facts'
}

/** JSON has no line feeds between its tokens as it is written here, and none within them. */
function partsOf(text: string): { readonly state: string; readonly facts: string; readonly others: unknown[] } {
  const factsAt = text.indexOf('\n') + 1
  const othersAt = text.indexOf('\n', factsAt) + 1
  return {
    state: text.slice(0, factsAt - 1),
    facts: text.slice(factsAt, othersAt - 1),
    others: JSON.parse(text.slice(othersAt)),
  }
}
