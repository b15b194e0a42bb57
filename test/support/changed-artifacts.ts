import { randomBytes } from 'node:crypto'
import { chmod, copyFile, link, mkdir, open, readdir, readFile, rename, rm, symlink, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { retrieved, type Sha256Digest, type SigningRequestId } from '../../domain/index.ts'
import { digestPeFile, readPeHeaders, verifyPeFile } from '../../signing/authenticode/index.ts'
import { withMoments } from './moments.ts'
import { buildPe, writeLargePe } from './pe-builder.ts'
import { type TestOrganization, testOrganization } from './test-organization.ts'

/** What somebody does who can write to the artifact store: to the stored file, with a program of their own. */
export type Attack = (stored: string, foreign: string) => Promise<void>

/** Every way to have something else lie where an artifact was. */
export const attacks: Readonly<Record<string, Attack>> = {
  'written over in its place': async (stored, foreign) => {
    await chmod(stored, 0o600)
    await copyFile(foreign, stored)
  },
  'written over in its last byte': async (stored) => {
    await chmod(stored, 0o600)
    const file = await open(stored, 'r+')
    const { size } = await file.stat()
    await file.write(randomBytes(1), 0, 1, size - 1)
    await file.close()
  },
  'exchanged for another file': async (stored, foreign) => {
    await copyFile(foreign, `${stored}.new`)
    await rename(`${stored}.new`, stored)
  },
  'cut short': async (stored) => {
    await chmod(stored, 0o600)
    await truncate(stored, 700)
  },
  'exchanged for a symbolic link': async (stored, foreign) => {
    await rm(stored)
    await symlink(foreign, stored)
  },
  'exchanged for a hard link': async (stored, foreign) => {
    await rm(stored)
    await link(foreign, stored)
  },
  'in a folder that was exchanged': async (stored, foreign) => {
    await rename(dirname(stored), `${dirname(stored)}.away`)
    await mkdir(dirname(stored))
    await copyFile(foreign, stored)
  },
  'taken away': (stored) => rm(stored),
}

/** A program that requests are signed for, and one of the same size that nobody approved. */
export type Scene = {
  readonly organization: TestOrganization
  /** Signs a new request, and answers with what came of it. */
  readonly sign: (moment: (name: string, index: number) => Promise<void> | void) => Promise<Outcome>
  /** Where the program is stored, and the foreign one. */
  readonly stored: string
  readonly foreign: string
}

export type Outcome = {
  readonly code: string | undefined
  readonly status: string
  /** Digests that were given to the key. */
  readonly signed: readonly string[]
  readonly moments: readonly string[]
}

/** Makes a scene with programs of `size` bytes. */
export async function scene(size: number): Promise<Scene> {
  const organization = await testOrganization({ approval: null })
  const original = join(organization.folder, 'original.exe')
  const foreign = join(organization.folder, 'foreign.exe')
  await writeLargePe(original, size)
  await copyFile(original, foreign)
  const { bytes } = buildPe({ format: 'PE32+' })
  const file = await open(foreign, 'r+')
  // In the first section, which every digest covers.
  await file.write(Buffer.from('bytes that nobody approved'), 0, undefined, bytes.length - 600)
  await file.close()
  const program = await readFile(original)
  const planned = await digestPeFile(original, 'sha256')
  const store = organization.store
  const { sha256 } = retrieved(await organization.planned(program)).artifact
  const { path: stored } = await store.open(sha256)

  async function restore(): Promise<void> {
    await rm(dirname(stored), { recursive: true, force: true })
    await rm(`${dirname(stored)}.away`, { recursive: true, force: true })
  }

  async function sign(moment: Parameters<Scene['sign']>[0]): Promise<Outcome> {
    await restore()
    const { signingRequestId } = await organization.planned(program)
    const moments: string[] = []
    const signer = withMoments(organization.signer, (name) => {
      moments.push(name)
      return moment(name, moments.length - 1)
    })
    const { sign } = signerActivities({ ...signer, recordRefusal: async () => undefined })
    const code = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
      () => undefined,
      (error: { type?: string; message: string }) => error.type ?? error.message,
    )
    const { workflowStatus: status, signedArtifact } = await organization.request(signingRequestId as SigningRequestId)
    expect(status === 'Completed').toBe(code === undefined)
    if (signedArtifact !== null) await expectSigned(signedArtifact.sha256)
    await expectNothingForeignSigned()
    return { code, status, signed: signer.signed, moments }
  }

  async function expectSigned(sha256: Sha256Digest): Promise<void> {
    const { path } = await store.open(sha256)
    const [signature] = await verifyPeFile({ path })
    expect(Buffer.from(signature?.contentDigest ?? []).equals(planned)).toBe(true)
  }

  /**
   * No file anywhere that is not the planned program carries a signature, and the signer has left none. What was looked
   * at is removed: each signing stores its own files, and those of the ones before would be digested again each time.
   */
  async function expectNothingForeignSigned(): Promise<void> {
    const scratch = join(organization.folder, 'scratch')
    expect((await filesBelow(scratch)).filter((path) => !path.endsWith('.lock'))).toEqual([])
    for (const path of await filesBelow(join(organization.folder, 'artifacts'))) {
      const handle = await open(path)
      const file = await readPeHeaders(handle, (await handle.stat()).size).catch(() => undefined)
      await handle.close()
      if (file?.certificateTable !== undefined)
        expect((await digestPeFile(path, 'sha256')).equals(planned), path).toBe(true)
      await rm(path)
    }
  }

  return { organization, sign, stored, foreign }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
