export { createGitHubConnector } from './connector.ts'
export { type GitHubBuild, type GitHubServer, type GitHubSettings, serverOf } from './settings.ts'
