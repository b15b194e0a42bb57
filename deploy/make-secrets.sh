#!/bin/sh
# Makes the secrets that docker-compose.yml mounts as files, once, in deploy/secrets/, which nobody else can enter. A secret
# that is there is kept. Needs OpenSSL 3. Certificates are make-certificates.sh's, which this runs.
#
# Each role signs the events that it writes with a key of its own. The installation key certifies those keys: its public
# part is among the secrets, its private part is made in deploy/installation/, where no process looks. Take that folder
# away, to where the machine's administrators cannot use it alone; it is needed again only to certify another key.
set -eu

here="$(dirname "$0")"
folder="$here/secrets"
installation="$here/installation"
mkdir -p "$folder"
chmod 700 "$folder"
# The services run as users of their own and read these files through a mount: the folder keeps everybody else out.
umask 022

# Whether a secret is to be made.
missing() {
  if [ -s "$folder/$1" ]; then
    echo "$folder/$1 is there, kept."
    return 1
  fi
}

# Takes a secret from standard input, whole or not at all: nothing comes where what makes it failed.
keep() {
  cat >"$folder/$1.new"
  if [ ! -s "$folder/$1.new" ]; then
    rm "$folder/$1.new"
    echo "$folder/$1 could not be made." >&2
    return 1
  fi
  mv "$folder/$1.new" "$folder/$1"
  echo "$folder/$1 made."
}

make() {
  if missing "$1"; then
    head -c "$2" /dev/urandom | base64 | tr -d '\n' | keep "$1"
  fi
}

base64_of() {
  base64 <"$1" | tr -d '\n'
}

make_installation_key() {
  missing installation-key || return 0
  mkdir -p "$installation"
  chmod 700 "$installation"
  (umask 077 && openssl genpkey -algorithm ed25519 -out "$installation/installation-key.pem")
  openssl pkey -in "$installation/installation-key.pem" -pubout | keep installation-key
}

# An Ed25519 key for a role, and the installation key's signature over the key, the role and since when.
make_event_key() {
  missing "event-key-$1" || return 0
  if [ ! -s "$installation/installation-key.pem" ]; then
    echo "$installation/installation-key.pem is needed to certify a key for $1: bring it back." >&2
    exit 1
  fi
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  (umask 077 && openssl genpkey -algorithm ed25519 -outform DER -out "$work/key")
  openssl pkey -in "$work/key" -inform DER -pubout -outform DER -out "$work/public"
  public="$(base64_of "$work/public")"
  since="$(date -u +%Y-%m-%dT00:00:00.000Z)"
  printf 'countersign event key v1\n%s\n%s\n%s\n-' "$public" "$1" "$since" >"$work/statement"
  openssl pkeyutl -sign -rawin -inkey "$installation/installation-key.pem" -in "$work/statement" -out "$work/signature"
  (umask 077 && openssl pkcs8 -topk8 -nocrypt -in "$work/key" -inform DER -outform DER -out "$work/private")
  printf '{"privateKey":"%s","roles":["%s"],"notBefore":"%s","notAfter":null,"signature":"%s"}\n' \
    "$(base64_of "$work/private")" "$1" "$since" "$(base64_of "$work/signature")" | keep "event-key-$1"
  rm -rf "$work"
  trap - EXIT
}

make postgresql-password 24
make temporal-database-password 24
make read-model-password 24
make person-keys-password 24
make person-master-key 32
make secret-store-password 24
make secret-store-key 32
make event-log-admin-password 24
make event-log-ops-password 24
make event-log-password 24
make payload-key 32
make operator-token 32
make pkcs11-pin 18
make pkcs11-so-pin 18
make_installation_key
make_event_key api
make_event_key worker
make_event_key signer
"$here/make-certificates.sh"
