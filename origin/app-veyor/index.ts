import type { Connector } from '../connector.ts'
import { fetchAppVeyorArtifact } from './artifact.ts'
import { type AppVeyorBuild, type AppVeyorSettings, appVeyorForms } from './forms.ts'
import { verifyAppVeyor } from './verify.ts'

/**
 * AppVeyor, hosted or an own AppVeyor Server, by its REST API with the API key of the link: an account's (v1) or a user's (v2).
 * Builds are looked at when they have ended, and their artifact is fetched from AppVeyor.
 */
export const appVeyor: Connector<AppVeyorSettings, AppVeyorBuild> = {
  ...appVeyorForms,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyAppVeyor,
  fetchArtifact: fetchAppVeyorArtifact,
}
export type { AppVeyorBuild, AppVeyorSettings } from './forms.ts'
export { appVeyorPackageData } from './package-data.ts'
