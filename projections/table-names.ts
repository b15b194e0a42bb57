import {
  IdentifierNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type QueryId,
  type SchemableIdentifierNode,
} from 'kysely'
import { type ProjectedTable, projectedTables, type Tables } from './tables.ts'

/** Which set of tables: the one that is read, or the one that a build is filling. */
export type Slot = Tables['read_models']['slot']

/** What the names of all tables of a set begin with. */
export function tablePrefix(version: number, slot: Slot): string {
  return slot === 'live' ? `v${version}_` : `v${version}_building_`
}

/** The name of a table in the database. */
export function tableName(version: number, slot: Slot, table: ProjectedTable): string {
  return `${tablePrefix(version, slot)}${table}`
}

/** Lets queries name the tables that are read as {@link Tables} does: `users` is `v3_users` in the database. */
export function liveTableNames(version: number): KyselyPlugin {
  const transformer = new TableNameTransformer(
    new Map(projectedTables.map((table) => [table, tableName(version, 'live', table)])),
  )
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  }
}

class TableNameTransformer extends OperationNodeTransformer {
  readonly #names: ReadonlyMap<string, string>

  constructor(names: ReadonlyMap<string, string>) {
    super()
    this.#names = names
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode, queryId?: QueryId) {
    const transformed = super.transformSchemableIdentifier(node, queryId)
    const name = this.#names.get(node.identifier.name)
    return name === undefined ? transformed : { ...transformed, identifier: IdentifierNode.create(name) }
  }
}
