import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The test files that take longest on two cores, longest first. One that is started last leaves the other cores idle. Of the first four
 * one alone starts from the demo organization (`make-demo.ts`): it is there for the others when they begin.
 */
const longestTestFiles: readonly string[] = [
  'test/end-to-end/kill.test.ts',
  'test/workflows/waiting.test.ts',
  'test/projections/dialects.test.ts',
  'test/end-to-end/set-up.test.ts',
  'test/end-to-end/cli.test.ts',
  'test/end-to-end/roles.test.ts',
  'test/fuzz/short.test.ts',
  'test/workflows/hostile-temporal.test.ts',
  'test/workflows/signing-request.test.ts',
  'test/repository.test.ts',
  'test/cli/audit-replay.test.ts',
  'test/server/embedded/temporal.test.ts',
  'test/graphql/access-other-organizations.test.ts',
  'test/activities/withdrawals.test.ts',
  'test/end-to-end/personal-data.test.ts',
  'test/workflows/sources.test.ts',
  'test/graphql/access-operations.test.ts',
  'test/end-to-end/release.test.ts',
  'test/projections/build-kills.test.ts',
  'test/signing/pkcs11/faults.test.ts',
  'test/projections/projector.test.ts',
  'test/rest/access-routes.test.ts',
  'test/activities/changed-artifacts.test.ts',
  'test/event-log/eventstoredb.test.ts',
  'test/end-to-end/external-clients.test.ts',
  'test/http/hostile-connections.test.ts',
  'test/signing/est-client.test.ts',
  'test/cli/audit-replay-temporary.test.ts',
  'test/deploy/certificates.test.ts',
  'test/signing/authenticode-verify.test.ts',
  'test/graphql/access-fields.test.ts',
  'test/application/alone.test.ts',
  'test/event-log/eventstoredb-tls.test.ts',
  'test/end-to-end/web-hooks.test.ts',
  'test/graphql/access-token-scopes.test.ts',
  'test/activities/rule-changes.test.ts',
  'test/activities/trusted-events.test.ts',
  'test/activities/key-import.test.ts',
  'test/workflows/links.test.ts',
  'test/workflows/grants.test.ts',
  'test/domain/signing-request-invariants.test.ts',
  'test/graphql/subscriptions.test.ts',
  'test/detection/detection.test.ts',
  'test/projections/releases.test.ts',
  'test/rest/access-administration.test.ts',
  'test/activities/trusted-build-systems.test.ts',
  'test/activities/origins.test.ts',
  'test/end-to-end/build-origins.test.ts',
  'test/proxy/proxy.test.ts',
  'test/end-to-end/connectors.test.ts',
  'test/workflows/mail.test.ts',
  'test/end-to-end/hash-signing.test.ts',
  'test/workflows/announced-uploads.test.ts',
  'test/signing/pkcs11/hanging-calls.test.ts',
  'test/end-to-end/unusual-activity.test.ts',
  'test/event-log/second-consumer.test.ts',
  'test/activities/withdrawn-at-each-step.test.ts',
  'test/end-to-end/certificates.test.ts',
  'test/artifacts/collection.test.ts',
  'test/end-to-end/change-control.test.ts',
  'test/signing/hashes.test.ts',
  'test/rest/signing-requests.test.ts',
  'test/server/tls.test.ts',
  'test/signing/pkcs11/token.test.ts',
  'test/activities/broken-promises.test.ts',
  'test/activities/grants.test.ts',
  'test/end-to-end/npm-start.test.ts',
  'test/application/refusal-audit-kill.test.ts',
  'test/cli/sign-interrupted.test.ts',
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
