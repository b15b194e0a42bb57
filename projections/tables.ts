import type { Insertable, Selectable } from 'kysely'

/** Columns that every entity has. Instants and positions are text that compares byte by byte. */
type EntityTable = {
  id: string
  organization_id: string
  /** Revision of the newest event in it. */
  revision: number
  /** Position of the newest event in it. */
  position: string
  created_at: string
  updated_at: string
  /** The domain's state, JSON. */
  state: string
  /** What the read model knows beyond the state, JSON. */
  facts: string
}

/** The tables of the read model. */
export type Tables = {
  organizations: EntityTable
  users: EntityTable
  keys: EntityTable
  certificates: EntityTable & { key_id: string }
  groups: EntityTable & { name: string }
  projects: EntityTable & { slug: string }
  signing_policies: EntityTable & { project_id: string; slug: string; certificate_id: string }
  artifact_configurations: EntityTable & { project_id: string; slug: string }
  grants: EntityTable & { signing_policy_id: string; giver: string }
  trusted_build_systems: EntityTable & { slug: string }
  /** Of the whole organization the project is empty. */
  web_hooks: EntityTable & { project_id: string; listed: 'yes' | 'no' }
  change_proposals: EntityTable & { status: string; expires_at: string; target: string }
  signing_requests: EntityTable & {
    project_id: string
    signing_policy_id: string
    submitter: string
    workflow_status: string
    /** Since when it waits for no decision of people; empty when it does not. */
    waiting_since: string
    /** What lists show of it and no other column says, JSON: `RequestSummary`. */
    summary: string
  }
  /** Who is named where, found from the side of the user or group: one row for each that an entity names, or once named. */
  named_principals: {
    /** Entity, role and principal. */
    id: string
    organization_id: string
    /** The signing policy or group that names; the user that has a role; the trusted build system that is linked. */
    entity_id: string
    /** As what: who may submit to a policy, or is in a group; a global role of a user; a project that a build system is linked to. */
    role: 'submitter' | 'member' | 'role' | 'project'
    /** As `referenceKey` of the domain writes it; of a role, its name; of a project, `project-` and its id. */
    principal: string
    /** Whether the entity as it is now names them so. */
    holds: 'yes' | 'no'
  }
  events: {
    position: string
    organization_id: string
    stream_id: string
    revision: number
    id: string
    type: string
    occurred_at: string
    data: string
    metadata: string
  }
  /** What security events are found by: a row for each code and user that one of them names. */
  security_records: {
    /** The event's position, and a number. */
    id: string
    organization_id: string
    /** Whether somebody was refused something, or something unusual was found. */
    kind: 'refused' | 'unusual'
    position: string
    occurred_at: string
    /** The code of a refusal, or the rule of a finding. */
    code: string
    /** Empty where nobody is known. */
    user_id: string
  }
  /** Streams that cannot be folded to their ends, and where they break. */
  broken_streams: {
    stream_id: string
    revision: number
    position: string
    reason: string
  }
  /**
   * Which sets of tables there are. Releases of every version read and write this table at the same time, so its columns
   * keep their meaning for good.
   */
  read_models: {
    /** Which form the tables have: a release uses those of its own form only. */
    version: number
    /** The tables that are read, or those that a build is filling. */
    slot: 'live' | 'building'
    /** Position of the newest event in them; null before the first. */
    position: string | null
    /** Who fills them: changes with every build, and when another process takes a build over. */
    token: string
    /** Names the indexes of the tables. */
    build: string
    /** When somebody who needs them last said so: seconds since 1970, by the clock of the database. */
    alive_at: number
  }
}

/** The tables that are filled from events, and replaced by a rebuild. */
export const projectedTables = [
  'organizations',
  'users',
  'keys',
  'groups',
  'certificates',
  'projects',
  'artifact_configurations',
  'signing_policies',
  'trusted_build_systems',
  'web_hooks',
  'change_proposals',
  'grants',
  'signing_requests',
  'named_principals',
  'events',
  'security_records',
  'broken_streams',
] as const

/** A table that is filled from events. */
export type ProjectedTable = (typeof projectedTables)[number]

/** A table of entities. */
export type EntityTableName = Exclude<
  ProjectedTable,
  'events' | 'named_principals' | 'security_records' | 'broken_streams'
>

/** A row of an entity, whatever its kind. */
export type EntityRow = Selectable<EntityTable>

/** A row that says who is named where. */
export type NamedPrincipalRow = Selectable<Tables['named_principals']>

/** A row by which a security event is found. */
export type SecurityRecordRow = Selectable<Tables['security_records']>

/** A row of the events. */
export type EventRow = Insertable<Tables['events']>

/**
 * The form of the tables. Raised by every change of {@link Tables}, of an index, or of what a projection writes; a
 * projector that finds an older one builds the read model anew.
 */
export const readModelVersion = 35
