import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The test files that take longest on two cores, longest first. One that is started last leaves the other cores idle. */
const longestTestFiles: readonly string[] = [
  'test/end-to-end/kill.test.ts',
  'test/end-to-end/roles.test.ts',
  'test/end-to-end/cli.test.ts',
  'test/server/embedded/temporal.test.ts',
  'test/workflows/waiting.test.ts',
  'test/end-to-end/set-up.test.ts',
  'test/workflows/hostile-temporal.test.ts',
  'test/graphql/access-token-scopes.test.ts',
  'test/fuzz/short.test.ts',
  'test/projections/dialects.test.ts',
  'test/graphql/access-other-organizations.test.ts',
  'test/cli/audit-replay.test.ts',
  'test/end-to-end/release.test.ts',
  'test/graphql/access-operations.test.ts',
  'test/event-log/eventstoredb.test.ts',
  'test/event-log/eventstoredb-tls.test.ts',
  'test/activities/withdrawals.test.ts',
  'test/workflows/signing-request.test.ts',
  'test/repository.test.ts',
  'test/signing/pkcs11/faults.test.ts',
  'test/end-to-end/personal-data.test.ts',
  'test/projections/build-kills.test.ts',
  'test/http/hostile-connections.test.ts',
  'test/workflows/sources.test.ts',
  'test/cli/audit-replay-temporary.test.ts',
  'test/graphql/subscriptions.test.ts',
  'test/activities/key-import.test.ts',
  'test/event-log/second-consumer.test.ts',
  'test/projections/projector.test.ts',
  'test/signing/authenticode-verify.test.ts',
  'test/signing/est-client.test.ts',
  'test/workflows/links.test.ts',
  'test/projections/releases.test.ts',
  'test/signing/pkcs11/hanging-calls.test.ts',
  'test/server/tls.test.ts',
  'test/rest/access-administration.test.ts',
  'test/deploy/certificates.test.ts',
  'test/application/refusal-audit-kill.test.ts',
  'test/activities/trusted-events.test.ts',
  'test/activities/rule-changes.test.ts',
  'test/rest/access-routes.test.ts',
  'test/workflows/announced-uploads.test.ts',
  'test/detection/detection.test.ts',
  'test/end-to-end/web-hooks.test.ts',
  'test/signing/pkcs11/token.test.ts',
  'test/server/stop-while-starting.test.ts',
  'test/application/alone.test.ts',
  'test/end-to-end/certificates.test.ts',
]

/**
 * Runs the longest test files first. Vitest itself goes by the durations of the run before and, where there was none, as
 * on a fresh machine, by sizes, which say nothing of a file that starts and kills servers.
 *
 * @throws Error when a file of the list is no longer there
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const ranks = new Map(longestTestFiles.map((path, rank) => [join(this.ctx.config.root, path), rank]))
    const missing = [...ranks.keys()].filter((path) => !existsSync(path))
    if (missing.length > 0) throw new Error(`test/support/longest-first.ts names what is not there: ${missing}`)
    const rankOf = ({ moduleId }: TestSpecification) => ranks.get(moduleId) ?? longestTestFiles.length
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}
