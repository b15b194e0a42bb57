export { addBuildData, type PackageBuildData } from './add-build-data.ts'
export type { PackageRepository } from './edit-nuspec.ts'
export type { PackageBytes } from './read-package.ts'
export { addBuildDataToStored, hashWithBuildData } from './stored-package.ts'
