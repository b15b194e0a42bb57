import type { Connector } from '../connector.ts'
import { type AzureDevOpsBuild, type AzureDevOpsSettings, azureDevOpsBuild, azureDevOpsSettings } from './forms.ts'
import { fetchAzureDevOpsArtifact, verifyAzureDevOps } from './verify.ts'

/** Azure DevOps Services and Azure DevOps Server, by their REST API with a personal access token. */
export const azureDevOps: Connector<AzureDevOpsSettings, AzureDevOpsBuild> = {
  kind: 'azureDevOps',
  settings: azureDevOpsSettings,
  linkSecrets: ['apiKey'],
  build: azureDevOpsBuild,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyAzureDevOps,
  fetchArtifact: fetchAzureDevOpsArtifact,
}
