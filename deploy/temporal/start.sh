#!/bin/sh
# Starts Temporal, which makes its tables first. It takes its database's password from the environment, and its client's
# key for the database from a file that nobody else may read: a mounted secret belongs to whoever made it.
set -eu
(umask 077 && cat /run/secrets/postgresql-temporal.key >/dev/shm/postgresql-temporal.key)
POSTGRES_PWD="$(cat /run/secrets/temporal-database-password)"
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh autosetup
