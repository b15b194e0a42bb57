import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { registerProxyKey, removeProxyKey } from '../documents/trusted-build-systems.ts'
import { buildSystemOf } from '../find-build-system.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { unreadableFile } from '../local-file.ts'
import { type BasedOnOption, reportOrProposed, withBasedOn, withChangeReason } from '../people.ts'

type ChangeOptions = ConnectionOptions & BasedOnOption

/** `countersign trusted-build-system register-proxy-key`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId, keyId }`. */
export const registerKey: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<build-system>', 'its slug or id')
      .option('--public-key <text>', 'the key that `countersign proxy --check` prints')
      .option('--public-key-file <file>', 'a file that holds it: PEM, or its DER in base64')
      .action(
        async (
          text: string,
          options: ChangeOptions & { readonly publicKey?: string; readonly publicKeyFile?: string },
        ) => {
          const { workingDirectory } = invocation.terminal
          const publicKey = await publicKeyOf(options, workingDirectory)
          const connection = await connect(invocation, options, null)
          const { trustedBuildSystemId, revision, slug } = await buildSystemOf(connection, text)
          const input = { trustedBuildSystemId, basedOnRevision: options.basedOn ?? revision, publicKey }
          const { registerProxyKey: made } = await ask(connection, registerProxyKey, { input })
          reportOrProposed(
            invocation,
            made,
            `Registered the key ${made.keyId} of a proxy with the trusted build system ${slug}.`,
          )
        },
      )
  },
}

/** `countersign trusted-build-system remove-proxy-key`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const removeKey: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<build-system>', 'its slug or id')
      .argument('<key-id>', 'the id of the key, as `trusted-build-system show` prints it')
      .option('--reason <text>', 'why')
      .action(async (text: string, keyId: string, options: ChangeOptions & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const { trustedBuildSystemId, revision, slug } = await buildSystemOf(connection, text)
        const reason = options.reason ?? null
        const input = { trustedBuildSystemId, basedOnRevision: options.basedOn ?? revision, keyId, reason }
        const { removeProxyKey: changed } = await ask(connection, removeProxyKey, { input })
        reportOrProposed(
          invocation,
          changed,
          `Removed the key ${keyId} of a proxy from the trusted build system ${slug}: what it signs is refused.`,
        )
      })
  },
}

async function publicKeyOf(
  { publicKey, publicKeyFile }: { readonly publicKey?: string; readonly publicKeyFile?: string },
  workingDirectory: string,
): Promise<string> {
  if ((publicKey === undefined) === (publicKeyFile === undefined))
    throw usageError('Name the key by --public-key or by --public-key-file, one of them.')
  if (publicKey !== undefined) return publicKey
  const path = resolve(workingDirectory, publicKeyFile ?? '')
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadableFile(path, error)
  })
}
