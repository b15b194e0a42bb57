import type { Connector } from '../connector.ts'
import { announcedDigest } from './archived.ts'
import { type JenkinsBuild, type JenkinsSettings, jenkinsForms } from './forms.ts'
import { verifyJenkins } from './verify.ts'

/**
 * Jenkins. Its plugin submits with the token of the build system, and uploads the artifact. Where the link names Jenkins' address,
 * user and API token (`apiKey`), Jenkins is asked about the build, and what was uploaded must be what it archived; else what the
 * plugin says is taken as a claim.
 */
export const jenkins: Connector<JenkinsSettings, JenkinsBuild> = {
  ...jenkinsForms,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyJenkins,
  announcedDigest,
}
