import type { Connector } from '../connector.ts'
import { type AzureDevOpsBuild, type AzureDevOpsSettings, azureDevOpsForms } from './forms.ts'
import { fetchAzureDevOpsArtifact, verifyAzureDevOps } from './verify.ts'

/** Azure DevOps Services and Azure DevOps Server, by their REST API with a personal access token. */
export const azureDevOps: Connector<AzureDevOpsSettings, AzureDevOpsBuild> = {
  ...azureDevOpsForms,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyAzureDevOps,
  fetchArtifact: fetchAzureDevOpsArtifact,
}
