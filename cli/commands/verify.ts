import { resolve } from 'node:path'
import type { Command } from 'commander'
import { repeated } from '../artifact-source.ts'
import { exitCode } from '../exit-code.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands, type VerifiedFile } from '../local-commands.ts'
import { findLocalFile } from '../local-file.ts'
import { verifiedText } from '../output/verified-file.ts'

type Options = { readonly config?: string; readonly trustedCertificates: readonly string[] }

/** `countersign verify`. With `--json`: the file with its `verdict`, and `files[]` with theirs. */
export function define(command: Command, { report, terminal, exitWith }: Invocation): void {
  explain(
    command,
    'Reads the file on this machine; nothing is sent anywhere. Archives in it are opened, and every signature in them is judged as its own tools do: whose it is, when it was made, whether the certificate leads to one that is trusted, and what is weak about it. Ends with 0 when there is a signature and each is valid, else with 10.',
  )
  withJson(command)
    .argument('<file>', 'the file')
    .addOption(
      repeated(
        '--trusted-certificates <file>',
        'certificates in PEM that signers must lead to, beside those of the settings; may be repeated',
      ),
    )
    .option(...configOption)
    .action(
      localAction(async (file: string, { config, trustedCertificates }: Options) => {
        const place = (named: string) => resolve(terminal.workingDirectory, named)
        const { path } = await findLocalFile(place(file))
        const trustedFiles: string[] = []
        for (const named of trustedCertificates) trustedFiles.push((await findLocalFile(place(named))).path)
        const verified = await (await localCommands()).verifyFile({ configFile: config, file: path, trustedFiles })
        report.result(verified, () => verifiedText(verified, report.marker))
        const judged = verdictsOf(verified)
        if (judged.length === 0 || judged.some((isAccepted) => !isAccepted)) exitWith(exitCode.different)
      }),
    )
}

/** Of every signed file whether it is accepted. */
function verdictsOf({ verdict, files }: VerifiedFile): readonly boolean[] {
  const own = verdict === null || verdict.signatures.length === 0 ? [] : [verdict.isAccepted]
  return [...own, ...files.flatMap(verdictsOf)]
}
