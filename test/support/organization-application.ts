import { type Application, type Caller, createApplication } from '../../application/index.ts'
import { checkHeader, createVerifiedReader } from '../../artifacts/index.ts'
import type { UserId } from '../../domain/index.ts'
import { buildSystemForms } from '../../origin/index.ts'
import { noWebHooks } from '../../server/answers-nobody.ts'
import { sourceSummaries } from '../../server/source-summaries.ts'
import { signatureFormats } from '../../signing/formats.ts'
import type { Workflows } from '../../workflows/port.ts'
import { certificatesInLog } from './certificates-in-log.ts'
import { testConfigurationTexts } from './configuration-texts.ts'
import { administratorsInLog, linkedBuildSystemsInLog, submittersInLog } from './submitters-in-log.ts'
import type { TestOrganization } from './test-organization.ts'

/** The use cases over an organization and its workflows, as a process of the API has them. */
export function organizationApplication(organization: TestOrganization, workflows: Workflows): Application {
  const { log, store, uploads, sources, asking, persons } = organization
  return createApplication({
    log,
    workflows,
    uploads,
    sources,
    builds: asking.builds,
    artifacts: createVerifiedReader(store),
    checkHeader: (header) => checkHeader(signatureFormats, header),
    configurationTexts: testConfigurationTexts(store),
    sourceSummaries,
    submitters: submittersInLog(log),
    certificates: certificatesInLog(log),
    administrators: administratorsInLog(log),
    linkedBuildSystems: linkedBuildSystemsInLog(log),
    persons,
    refusals: { record: async () => undefined, close: async () => undefined },
    secrets: asking.secrets,
    checkTarget: async () => undefined,
    buildSystems: buildSystemForms,
    webHooks: noWebHooks,
    room: { require: async () => undefined },
    now: () => new Date().toISOString(),
  })
}

/** One of the organization's users, as a call brings them. */
export function callerOf(application: Application, organization: TestOrganization, userId: UserId): Promise<Caller> {
  return application.authenticate({ apiToken: organization.tokens.get(userId) }, undefined)
}
