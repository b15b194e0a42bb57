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

# new_key FILE ALGORITHM
new_key() {
  if [ "$2" = rsa ]; then
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$1" 2>/dev/null
  else
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
  fi
}

ends() {
  openssl x509 -in "$1" -noout -enddate -dateopt iso_8601 2>/dev/null | sed 's/^notAfter=//; s/ .*//'
}

# Whether a certificate is there, and good for a while.
is_good() {
  [ -s "$1" ] && openssl x509 -in "$1" -noout -checkend "$((renew_within_days * 86400))" >/dev/null
}

# Whether a key is that of a certificate: a run that ended between the two leaves one of each.
belongs() {
  [ -s "$1" ] && [ "$(openssl pkey -in "$1" -pubout 2>/dev/null)" = "$(openssl x509 -in "$2" -noout -pubkey 2>/dev/null)" ]
}

# make_authority NAME ALGORITHM: deploy/installation/NAME-ca.key, deploy/secrets/NAME-ca.pem
make_authority() {
  if [ -s "$folder/$1-ca.pem" ]; then
    if ! is_good "$folder/$1-ca.pem"; then
      echo "$folder/$1-ca.pem expires $(ends "$folder/$1-ca.pem"). Remove it to have another authority made, and with it new certificates for the server and all its clients." >&2
    fi
    return 0
  fi
  (umask 077 && new_key "$installation/$1-ca.key" "$2")
  openssl req -x509 -new -key "$installation/$1-ca.key" -sha256 -days "$days_authority" -out "$work/ca.pem" \
    -subj "/O=Countersign/CN=$1 authority $(date -u +%Y-%m-%d)" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign
  mv "$work/ca.pem" "$folder/$1-ca.pem"
  echo "$folder/$1-ca.pem made, good until $(ends "$folder/$1-ca.pem")."
}

# make_certificate AUTHORITY ALGORITHM NAME COMMON_NAME USES [DNS_NAME …]: deploy/secrets/NAME.pem and NAME.key
make_certificate() {
  authority="$1" algorithm="$2" name="$3" common_name="$4" uses="$5"
  shift 5
  if [ "$all" = no ] && is_good "$folder/$name.pem" && belongs "$folder/$name.key" "$folder/$name.pem" &&
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
    if [ "$algorithm" = rsa ]; then echo 'keyUsage = critical, digitalSignature, keyEncipherment'
    else echo 'keyUsage = critical, digitalSignature'; fi
    echo "extendedKeyUsage = $uses"
    echo 'subjectKeyIdentifier = hash'
    echo 'authorityKeyIdentifier = keyid'
    if [ -n "$names" ]; then echo "subjectAltName = ${names#,}"; fi
  } >"$work/extensions"
  new_key "$work/key" "$algorithm"
  openssl req -new -key "$work/key" -subj "/O=Countersign/CN=$common_name" -out "$work/request"
  openssl x509 -req -in "$work/request" -sha256 -days "$days_certificate" -extfile "$work/extensions" \
    -CA "$folder/$authority-ca.pem" -CAkey "$installation/$authority-ca.key" -set_serial "0x$(openssl rand -hex 16 | sed 's/^./4/')" \
    -out "$work/certificate" 2>/dev/null
  chmod 644 "$work/key"
  mv "$work/key" "$folder/$name.key"
  mv "$work/certificate" "$folder/$name.pem"
  echo "$folder/$name.pem made, good until $(ends "$folder/$name.pem")."
}

make_authority temporal ec
# Temporal's parts are servers and clients of each other.
make_certificate temporal ec temporal-server temporal serverAuth,clientAuth temporal localhost
for role in api worker signer projector; do
  make_certificate temporal ec "temporal-$role" "countersign-$role" clientAuth
done

# KurrentDB takes RSA keys only. Its clients show user and password: certificates of users need a licence there.
make_authority event-log rsa
make_certificate event-log rsa event-log-server countersign-event-log serverAuth,clientAuth event-log localhost

make_authority postgresql ec
make_certificate postgresql ec postgresql-server postgresql serverAuth postgresql localhost
# PostgreSQL takes the common name for the user's.
make_certificate postgresql ec postgresql-temporal temporal clientAuth
for role in api projector; do
  make_certificate postgresql ec "postgresql-$role" countersign clientAuth
done
# The api's, to the database of the keys of persons.
make_certificate postgresql ec postgresql-persons countersign_persons clientAuth
# Theirs, to the database of secrets.
for role in api worker; do
  make_certificate postgresql ec "postgresql-secrets-$role" countersign_secrets clientAuth
done

echo "To renew, run $0 again within $renew_within_days days of a certificate's end, then restart the services."
