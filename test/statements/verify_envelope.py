"""Verifies a DSSE envelope by securesystemslib, and what it holds by in-toto's attestation library.

usage: verify_envelope.py ENVELOPE PUBLIC_KEY_PEM KEYID
Prints the digests of the subjects, one a line. Fails when the envelope does not verify or holds no SLSA provenance.
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

envelope_file, key_file, keyid = sys.argv[1:]
with open(key_file, "rb") as file:
    public_key = load_pem_public_key(file.read())
# RSA keys verify by RSASSA-PSS unless the scheme is said.
is_rsa = type(public_key).__name__.lstrip("_").startswith("RSA")
key = SSlibKey.from_crypto(public_key, keyid=keyid, **({"scheme": "rsa-pkcs1v15-sha256"} if is_rsa else {}))

with open(envelope_file, encoding="utf-8") as file:
    envelope = Envelope.from_dict(json.load(file))
envelope.verify([key], 1)

assert envelope.payload_type == "application/vnd.in-toto+json", envelope.payload_type
message = json_format.Parse(envelope.payload, statement_pb2.Statement())
Statement.copy_from_pb(message).validate()
assert message.predicate_type == "https://slsa.dev/provenance/v1", message.predicate_type
provenance = json_format.ParseDict(json_format.MessageToDict(message.predicate), provenance_pb2.Provenance())
assert provenance.run_details.builder.id, "no builder"
for subject in message.subject:
    print(subject.digest["sha256"])
