import { type Kysely, sql } from 'kysely'
import type { OrganizationId } from '../domain/index.ts'
import { projections } from './catalogue.ts'
import { asEntity, asView, type EntityProjection, recordedOf } from './entity.ts'
import type { EntityKind } from './entity-history.ts'
import type { PageRequest } from './page.ts'
import { type ListOrder, oneOf, readPage } from './read-page.ts'
import type { EntityRow, Tables } from './tables.ts'
import type { Recorded } from './views.ts'

/**
 * Queries on the table of any kind of entity, always of one organization.
 *
 * @param read runs a query, and says failures in the terms of the read model
 */
export function entityQueries(reads: Kysely<Tables>, read: <Result>(query: () => Promise<Result>) => Promise<Result>) {
  /** Entities by their ids, in the order of these; `undefined` for what does not exist. */
  function byIds<State extends object, Facts extends object, View>(
    projection: EntityProjection<State, Facts, View>,
    organizationId: OrganizationId,
    ids: readonly string[],
  ): Promise<(View | undefined)[]> {
    return read(async () => {
      if (ids.length === 0) return []
      const rows: EntityRow[] = await reads
        .selectFrom(projection.table)
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', 'in', [...new Set(ids)])
        .execute()
      const views = new Map(rows.map((row) => [row.id, asView(projection, row)]))
      return ids.map((id) => views.get(id))
    })
  }

  /** A page of entities, of those whose columns are equal to some values. */
  function list<State extends object, Facts extends object, View>(
    projection: EntityProjection<State, Facts, View>,
    order: ListOrder,
    organizationId: OrganizationId,
    page: PageRequest,
    equal: Readonly<Record<string, string | undefined>> = {},
  ) {
    return read(() =>
      readPage<EntityRow, View>(
        reads,
        projection.table,
        order,
        page,
        (query) =>
          Object.entries(equal).reduce(
            (narrowed, [column, value]) => (value === undefined ? narrowed : narrowed.where(column, '=', value)),
            query.where('organization_id', '=', organizationId),
          ),
        (row) => asView(projection, row),
      ),
    )
  }

  /** What belongs to each of some other entities, which a column names; in the order of another column. */
  function inGroups<State extends object, Facts extends object, View>(
    projection: EntityProjection<State, Facts, View>,
    owner: string,
    order: string,
    organizationId: OrganizationId,
    ids: readonly string[],
  ): Promise<(readonly View[])[]> {
    return read(async () => {
      const rows = await reads
        .selectFrom(projection.table)
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where(sql.ref(owner), 'in', oneOf(ids))
        .orderBy(sql.ref(order))
        .orderBy('id')
        .execute()
      const ofOwner = Map.groupBy(rows as (EntityRow & Readonly<Record<string, unknown>>)[], (row) => row[owner])
      return ids.map((id) => (ofOwner.get(id) ?? []).map((row) => asView(projection, row)))
    })
  }

  /** What every entity has, of one of whatever kind. */
  function recorded(organizationId: OrganizationId, kind: EntityKind, id: string): Promise<Recorded | undefined> {
    return read(async () => {
      const row = await reads
        .selectFrom(projections[kind].table)
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && recordedOf(kind, asEntity(row))
    })
  }

  return { byIds, list, inGroups, recorded }
}
