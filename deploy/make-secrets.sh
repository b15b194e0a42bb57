#!/bin/sh
# Makes the secrets that docker-compose.yml mounts as files, once: random, in deploy/secrets/, which nobody else can enter.
# A secret that is there is kept.
set -eu

folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
chmod 700 "$folder"

make() {
  if [ -s "$folder/$1" ]; then
    echo "$folder/$1 is there, kept."
    return
  fi
  # The services run as users of their own and read these files through a mount: the folder keeps everybody else out.
  umask 022
  head -c "$2" /dev/urandom | base64 | tr -d '\n' >"$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "$folder/$1 made."
}

make postgresql-password 24
make read-model-password 24
make payload-key 32
make operator-token 32
make pkcs11-pin 18
make pkcs11-so-pin 18
