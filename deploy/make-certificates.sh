#!/bin/sh
# Makes the certificates by which the servers of docker-compose.yml and their clients know each other (TLS on both sides),
# in deploy/secrets/. What is there and good for another 30 days is kept; the rest is made anew, so running this again
# renews. make-secrets.sh runs it; needs OpenSSL 3.
#
#   ./deploy/make-certificates.sh            what is missing or expires soon
#   ./deploy/make-certificates.sh --renew    all certificates, with new keys; the authorities stay
#
# Each server has an authority of its own, and believes no other: who has a certificate for PostgreSQL is a stranger to
# Temporal. The authorities' keys are in deploy/installation/: take that folder away, and bring it back to renew.
set -eu

here="$(dirname "$0")"
folder="$here/secrets"
installation="$here/installation"
days_authority=3650
days_certificate=397
renew_within_days=30
all=no
case "${1:-}" in
  '') ;;
  --renew) all=yes ;;
  *)
    echo "Usage: $0 [--renew]" >&2
    exit 2
    ;;
esac

mkdir -p "$folder" "$installation"
chmod 700 "$folder" "$installation"
# The services run as users of their own and read these files through a mount: the folder keeps everybody else out.
umask 022
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# KurrentDB takes keys of RSA only, so all are.
new_key() {
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$1" 2>/dev/null
}

ends() {
  openssl x509 -in "$1" -noout -enddate -dateopt iso_8601 2>/dev/null | sed 's/^notAfter=//; s/ .*//'
}

# Whether a certificate is there, and good for a while.
is_good() {
  [ -s "$1" ] && openssl x509 -in "$1" -noout -checkend "$((renew_within_days * 86400))" >/dev/null
}

# make_authority NAME: deploy/installation/NAME-ca.key, deploy/secrets/NAME-ca.pem
make_authority() {
  if [ -s "$folder/$1-ca.pem" ]; then
    if ! is_good "$folder/$1-ca.pem"; then
      echo "$folder/$1-ca.pem expires $(ends "$folder/$1-ca.pem"). Remove it to have another authority made, and with it new certificates for the server and all its clients." >&2
    fi
    return 0
  fi
  (umask 077 && new_key "$installation/$1-ca.key")
  openssl req -x509 -new -key "$installation/$1-ca.key" -sha256 -days "$days_authority" -out "$work/ca.pem" \
    -subj "/O=Countersign/CN=$1 authority $(date -u +%Y-%m-%d)" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign
  mv "$work/ca.pem" "$folder/$1-ca.pem"
  echo "$folder/$1-ca.pem made, good until $(ends "$folder/$1-ca.pem")."
}

# make_certificate AUTHORITY NAME COMMON_NAME USES [DNS_NAME …]: deploy/secrets/NAME.pem and NAME.key
make_certificate() {
  authority="$1" name="$2" common_name="$3" uses="$4"
  shift 4
  if [ "$all" = no ] && [ -s "$folder/$name.key" ] && is_good "$folder/$name.pem" &&
    openssl verify -CAfile "$folder/$authority-ca.pem" "$folder/$name.pem" >/dev/null 2>&1; then
    echo "$folder/$name.pem is there, good until $(ends "$folder/$name.pem"), kept."
    return 0
  fi
  if [ ! -s "$installation/$authority-ca.key" ]; then
    echo "$installation/$authority-ca.key is needed to certify $name: bring it back." >&2
    exit 1
  fi
  names=''
  for each in "$@"; do names="$names,DNS:$each"; done
  {
    echo 'basicConstraints = critical, CA:FALSE'
    echo 'keyUsage = critical, digitalSignature, keyEncipherment'
    echo "extendedKeyUsage = $uses"
    echo 'subjectKeyIdentifier = hash'
    echo 'authorityKeyIdentifier = keyid'
    if [ -n "$names" ]; then echo "subjectAltName = ${names#,}"; fi
  } >"$work/extensions"
  new_key "$work/key"
  openssl req -new -key "$work/key" -subj "/O=Countersign/CN=$common_name" -out "$work/request"
  openssl x509 -req -in "$work/request" -sha256 -days "$days_certificate" -extfile "$work/extensions" \
    -CA "$folder/$authority-ca.pem" -CAkey "$installation/$authority-ca.key" -set_serial "0x$(openssl rand -hex 16 | sed 's/^./4/')" \
    -out "$work/certificate" 2>/dev/null
  mv "$work/key" "$folder/$name.key"
  mv "$work/certificate" "$folder/$name.pem"
  echo "$folder/$name.pem made, good until $(ends "$folder/$name.pem")."
}

make_authority temporal
# Temporal's parts are servers and clients of each other.
make_certificate temporal temporal-server temporal serverAuth,clientAuth temporal localhost
for role in api worker signer projector; do
  make_certificate temporal "temporal-$role" "countersign-$role" clientAuth
done

make_authority event-log
make_certificate event-log event-log-server countersign-event-log serverAuth,clientAuth event-log localhost

make_authority postgresql
make_certificate postgresql postgresql-server postgresql serverAuth postgresql localhost
# PostgreSQL takes the common name for the user's.
make_certificate postgresql postgresql-temporal temporal clientAuth
make_certificate postgresql postgresql-countersign countersign clientAuth

echo "Certificates are renewed by running $0 again within $renew_within_days days of their end; then restart the services."
