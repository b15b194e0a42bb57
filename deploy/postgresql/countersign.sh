#!/bin/sh
# Runs once, when PostgreSQL makes its volume: a database and a user of its own for the read model.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set password="$(cat /run/secrets/read-model-password)" <<'SQL'
CREATE ROLE countersign LOGIN PASSWORD :'password';
CREATE DATABASE countersign OWNER countersign;
SQL
