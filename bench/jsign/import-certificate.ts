import 'reflect-metadata'
import { X509Certificate } from '@peculiar/x509'
import pkcs11js from 'pkcs11js'

// `node import-certificate.ts MODULE TOKEN ID LABEL`, the PIN and the certificate (DER, base64) each a line of the standard input:
// puts the certificate beside its key in the token, where Java looks for it. A process of its own, since the bench has the
// module open already.
const [modulePath = '', tokenLabel, id = '', label = ''] = process.argv.slice(2)
const chunks: Buffer[] = []
for await (const chunk of process.stdin) chunks.push(chunk)
const [pin = '', certificate = ''] = Buffer.concat(chunks).toString().split('\n')
const value = Buffer.from(certificate, 'base64')

const module = new pkcs11js.PKCS11()
module.load(modulePath)
module.C_Initialize()
const slot = module.C_GetSlotList(true).find((each) => module.C_GetTokenInfo(each).label.trim() === tokenLabel)
if (slot === undefined) throw new Error(`There is no token ${tokenLabel}.`)
const session = module.C_OpenSession(slot, pkcs11js.CKF_RW_SESSION | pkcs11js.CKF_SERIAL_SESSION)
module.C_Login(session, pkcs11js.CKU_USER, pin)
module.C_CreateObject(session, [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
  { type: pkcs11js.CKA_CERTIFICATE_TYPE, value: pkcs11js.CKC_X_509 },
  { type: pkcs11js.CKA_TOKEN, value: true },
  { type: pkcs11js.CKA_ID, value: Buffer.from(id, 'hex') },
  { type: pkcs11js.CKA_LABEL, value: label },
  { type: pkcs11js.CKA_SUBJECT, value: Buffer.from(new X509Certificate(value).subjectName.toArrayBuffer()) },
  { type: pkcs11js.CKA_VALUE, value },
])
module.C_Finalize()
