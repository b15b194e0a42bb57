#!/bin/sh
# Starts PostgreSQL with the certificate of its own. A mounted secret belongs to whoever made it, and PostgreSQL takes its
# key from a file that is the database user's alone.
set -eu
chmod 0700 /run/postgresql-tls
chown postgres:postgres /run/postgresql-tls
install -m 0600 -o postgres -g postgres /run/secrets/postgresql-server.key /run/postgresql-tls/server.key
exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf
