#!/bin/sh
# Runs once, when PostgreSQL makes its volume: for Temporal, for the read model, for the keys of persons and for
# secrets users of their own, each the owner of its databases and of nothing else.
set -eu

# Each by itself: a secret that cannot be read ends this, where an empty password would be for good.
temporal_password="$(cat /run/secrets/temporal-database-password)"
read_model_password="$(cat /run/secrets/read-model-password)"
person_keys_password="$(cat /run/secrets/person-keys-password)"
secret_store_password="$(cat /run/secrets/secret-store-password)"
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set temporal_password="$temporal_password" \
  --set read_model_password="$read_model_password" \
  --set person_keys_password="$person_keys_password" \
  --set secret_store_password="$secret_store_password" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE countersign LOGIN PASSWORD :'read_model_password';
CREATE ROLE countersign_persons LOGIN PASSWORD :'person_keys_password';
CREATE ROLE countersign_secrets LOGIN PASSWORD :'secret_store_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE countersign OWNER countersign;
CREATE DATABASE countersign_persons OWNER countersign_persons;
CREATE DATABASE countersign_secrets OWNER countersign_secrets;
REVOKE CONNECT, TEMPORARY ON DATABASE temporal, temporal_visibility, countersign, countersign_persons, countersign_secrets
  FROM PUBLIC;
SQL
