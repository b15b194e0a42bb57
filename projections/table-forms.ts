import type { ProjectedTable } from './tables.ts'

/** The columns of every table of entities. */
export const entityColumns = [
  'id',
  'organization_id',
  'revision',
  'position',
  'created_at',
  'updated_at',
  'state',
  'facts',
] as const

type TableForm = {
  readonly key: string
  readonly columns: readonly string[]
  readonly indexes: readonly (readonly string[])[]
}

/** Keys, columns and indexes of the projected tables. Whole numbers are named in {@link integerColumns}; all else is text. */
export const tableForms: Readonly<Record<ProjectedTable, TableForm>> = {
  organizations: { key: 'id', columns: entityColumns, indexes: [] },
  users: { key: 'id', columns: entityColumns, indexes: [['organization_id', 'created_at', 'id']] },
  keys: { key: 'id', columns: entityColumns, indexes: [['organization_id', 'created_at', 'id']] },
  certificates: {
    key: 'id',
    columns: [...entityColumns, 'key_id'],
    indexes: [
      ['organization_id', 'created_at', 'id'],
      ['organization_id', 'key_id', 'created_at', 'id'],
    ],
  },
  groups: { key: 'id', columns: [...entityColumns, 'name'], indexes: [['organization_id', 'name', 'id']] },
  projects: { key: 'id', columns: [...entityColumns, 'slug'], indexes: [['organization_id', 'slug', 'id']] },
  artifact_configurations: {
    key: 'id',
    columns: [...entityColumns, 'project_id', 'slug'],
    indexes: [
      ['organization_id', 'slug', 'id'],
      ['organization_id', 'project_id', 'slug', 'id'],
    ],
  },
  signing_policies: {
    key: 'id',
    columns: [...entityColumns, 'project_id', 'slug', 'certificate_id'],
    indexes: [
      ['organization_id', 'slug', 'id'],
      ['organization_id', 'project_id', 'slug', 'id'],
      ['organization_id', 'certificate_id', 'slug', 'id'],
    ],
  },
  trusted_build_systems: {
    key: 'id',
    columns: [...entityColumns, 'slug'],
    indexes: [['organization_id', 'slug', 'id']],
  },
  web_hooks: {
    key: 'id',
    columns: [...entityColumns, 'project_id', 'listed'],
    indexes: [
      ['organization_id', 'listed', 'created_at', 'id'],
      ['organization_id', 'project_id', 'listed', 'created_at', 'id'],
    ],
  },
  change_proposals: {
    key: 'id',
    columns: [...entityColumns, 'status', 'expires_at', 'target'],
    indexes: [
      ['organization_id', 'created_at', 'id'],
      ['organization_id', 'status', 'created_at', 'id'],
    ],
  },
  grants: {
    key: 'id',
    columns: [...entityColumns, 'signing_policy_id', 'giver'],
    indexes: [[], ['signing_policy_id'], ['giver'], ['signing_policy_id', 'giver']].map((restricted) => [
      'organization_id',
      ...restricted,
      'created_at',
      'id',
    ]),
  },
  signing_requests: {
    key: 'id',
    columns: [
      ...entityColumns,
      'project_id',
      'signing_policy_id',
      'submitter',
      'workflow_status',
      'waiting_since',
      'summary',
    ],
    // One for each combination of what a list may be restricted to: see list-signing-requests.ts.
    indexes: [
      ['waiting_since', 'id'],
      ...[[], ['project_id'], ['signing_policy_id']].flatMap((place) =>
        [[], ['submitter']].flatMap((person) =>
          [[], ['workflow_status']].map((status) => [
            'organization_id',
            ...place,
            ...person,
            ...status,
            'created_at',
            'id',
          ]),
        ),
      ),
    ],
  },
  named_principals: {
    key: 'id',
    columns: ['id', 'organization_id', 'entity_id', 'role', 'principal', 'holds'],
    indexes: [['organization_id', 'principal', 'role', 'holds', 'id'], ['entity_id']],
  },
  events: {
    key: 'position',
    columns: ['position', 'organization_id', 'stream_id', 'revision', 'id', 'type', 'occurred_at', 'data', 'metadata'],
    indexes: [
      ['stream_id', 'revision'],
      ['organization_id', 'position'],
      ['organization_id', 'type', 'position'],
    ],
  },
  security_records: {
    key: 'id',
    columns: ['id', 'organization_id', 'kind', 'position', 'occurred_at', 'code', 'user_id'],
    indexes: [[], ['code'], ['user_id'], ['code', 'user_id']].map((restricted) => [
      'organization_id',
      'kind',
      ...restricted,
      'position',
    ]),
  },
  broken_streams: { key: 'stream_id', columns: ['stream_id', 'revision', 'position', 'reason'], indexes: [] },
}

/** Columns of whole numbers. */
export const integerColumns: readonly string[] = ['revision']
