#!/bin/sh
# Makes the SoftHSM2 token that stands in for an HSM, once. Runs in a container of its own before the signer, with the
# signer's volume and secrets.
set -eu

if softhsm2-util --show-slots | grep -Eq "^ *Label: +${COUNTERSIGN_PKCS11_TOKEN} *\$"; then
  echo "The token ${COUNTERSIGN_PKCS11_TOKEN} is there."
  exit 0
fi
pin="$(cat "$COUNTERSIGN_PKCS11_PIN_FILE")"
so_pin="$(cat /run/secrets/pkcs11-so-pin)"
softhsm2-util --init-token --free --label "$COUNTERSIGN_PKCS11_TOKEN" \
  --pin "$pin" --so-pin "$so_pin"
